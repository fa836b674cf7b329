// Source -> server -> Sinks: what `shadowtutor run --segment` does, without the
// command line. What ShadowTutor is compared with, and what serves devices too weak for a student.
#ifndef SHADOWTUTOR_APP_RUN_SEGMENT_H_
#define SHADOWTUTOR_APP_RUN_SEGMENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/run_options.h"
#include "app/run_summary.h"
#include "rpc/client/segment_link.h"
#include "video/source.h"

namespace shadowtutor::app {

struct SegmentRunOptions : RunBasics {
  rpc::SegmentLinkOptions link;  // frame_size and frames_per_second are taken from the source
  /// Keep trying when the server is not there or goes away; frames that were unanswered are sent
  /// again.
  bool retry = false;
  /// Gets a line whenever the connection changes or a frame fails. May be empty.
  std::function<void(const std::string& line)> log;
};

/// Runs to the source's end, to `max_frames`, or until stopped, and closes the sinks. A frame that
/// the server cannot segment gets the labels of the one before.
/// Throws Error as SegmentLink does (with `retry` only for what another attempt cannot change),
/// kDataLoss for a source without frames, and what source and sinks throw; sinks are left with
/// whole files in every case.
RunSummary RunSegment(video::Source& source, const SegmentRunOptions& options);

/// What a run asks of a connection, each as rpc::SegmentLink, which it is unless a test scripts
/// one.
class SegmentConnection {
 public:
  virtual ~SegmentConnection() = default;
  virtual bool WaitForWelcome(std::chrono::milliseconds timeout) = 0;
  virtual const wire::SegmentWelcome& welcome() const = 0;
  virtual bool CanSend() const = 0;
  virtual void Send(ImageView frame, uint64_t frame_index) = 0;
  virtual std::optional<rpc::SegmentLink::Answer> Receive(std::chrono::milliseconds timeout) = 0;
  virtual rpc::SegmentLinkStats stats() const = 0;
};
using OpenSegmentConnection =
    std::function<std::unique_ptr<SegmentConnection>(const rpc::SegmentLinkOptions& options)>;

/// The same over other connections; `open` is called for each.
RunSummary RunSegment(video::Source& source, const SegmentRunOptions& options,
                      const OpenSegmentConnection& open);

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_RUN_SEGMENT_H_
