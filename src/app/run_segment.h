// A run from a source through the server to sinks: what `shadowtutor run --segment` does, without
// the command line. ShadowTutor is compared with it, and devices that are too weak for a student
// can use it.
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
  /// Whether to connect again when the server cannot be reached or the connection is lost;
  /// unanswered frames are then sent again. When a server asks for it, the run does so in any case.
  bool retry = false;
  /// Called with a line of text when the connection changes or a frame fails. May be empty.
  std::function<void(const std::string& line)> log;
};

/// Runs to the source's end, to `max_frames`, or until stopped, and closes the sinks. A frame that
/// the server cannot segment gets the labels of the frame before. Throws Error as SegmentLink does
/// (with `retry` only if another attempt would not help), kDataLoss for a source without frames,
/// and what source and sinks throw; the sinks' files are complete in every case.
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
  virtual bool moves() const = 0;
  virtual rpc::SegmentLinkStats stats() const = 0;
};
using OpenSegmentConnection =
    std::function<std::unique_ptr<SegmentConnection>(const rpc::SegmentLinkOptions& options)>;

/// The same over other connections; `open` is called for each.
RunSummary RunSegment(video::Source& source, const SegmentRunOptions& options,
                      const OpenSegmentConnection& open);

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_RUN_SEGMENT_H_
