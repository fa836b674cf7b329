// Source -> Client -> Sinks: what `shadowtutor run` does, without the command line.
#ifndef SHADOWTUTOR_APP_RUN_CLIENT_H_
#define SHADOWTUTOR_APP_RUN_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "app/reference_score.h"
#include "app/run_summary.h"
#include "client/client.h"
#include "rpc/grpc_link.h"
#include "shadowtutor/types.h"
#include "video/sinks.h"
#include "video/source.h"

namespace shadowtutor::app {

/// Where a run stands. Rates are those since the report before.
struct RunProgress {
  uint64_t frame = 0;  // predicted so far
  int64_t total = -1;  // -1: unknown
  double fps = 0;
  int stride = 0;
  double metric = -1;                 // of the last update, -1 before the first
  double kbit_up = 0, kbit_down = 0;  // a second
  bool connected = false;
};

struct RunOptions {
  rpc::GrpcLinkOptions link;  // frame_size is taken from the source
  client::Staleness staleness = client::Staleness::kWait;
  int64_t max_frames = -1;  // -1: all

  /// Makes the sinks once the student's classes are known. May be empty.
  std::function<std::vector<std::unique_ptr<video::Sink>>(const ClassList& classes, int background)>
      open_sinks;
  /// Keeps predictions for a score afterwards. May be null.
  ReferenceScore* reference = nullptr;
  /// Asked between two frames and while connecting. May be empty.
  std::function<bool()> stop;
  /// Called between two frames, at most every `progress_interval`. May be empty.
  std::function<void(const RunProgress&)> on_progress;
  std::chrono::milliseconds progress_interval{200};
};

/// Runs to the source's end, to `max_frames`, or until stopped, and closes the sinks.
/// Throws Error as GrpcLink::WaitForWelcome does, kDataLoss for a source without frames, and what
/// source and sinks throw; sinks are left with whole files in every case.
RunSummary RunClient(video::Source& source, const RunOptions& options);

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_RUN_CLIENT_H_
