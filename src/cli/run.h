// The options of `shadowtutor run`.
#ifndef SHADOWTUTOR_CLI_RUN_H_
#define SHADOWTUTOR_CLI_RUN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "app/run_client.h"
#include "app/run_segment.h"
#include "rpc/client/grpc_link.h"
#include "video/open_source.h"
#include "wire/h264.h"

namespace CLI {
class App;
}

namespace shadowtutor::cli {

/// As typed.
struct RunArguments {
  std::string source, student, overlay, masks, json_lines, json, reference_teacher;
  std::string frame_codec = "h264", update_codec = "coded";
  std::string token_file;
  std::string segment, label_codec = "coded";
  int in_flight = 0;
  std::optional<int> h264_crf;
  double bandwidth_mbit = 0, max_fps = 0, key_frames_per_second = 0;
  client::BudgetOptions budget;
  double source_timeout = 10;  // seconds
  int source_retries = -1;     // -1: for ever
  bool every_frame = false;
  bool show = false, no_wait = false;
  int64_t frames = -1;
  int reference_every = 10;
  rpc::GrpcLinkOptions link;
};

void AddRunOptions(CLI::App& command, RunArguments& options);

/// How the source is read. `stop` and `log` are left to the caller.
video::SourceOptions SourceOptionsOf(const RunArguments& options);

// What the two kinds of run are called with; sinks, the reference and what is shown
// meanwhile are left to the caller.

/// Opens the student if one is named; throws Error as nn::LoadCheckpoint.
app::RunOptions TutoredRunOf(const RunArguments& options);
/// With --segment.
app::SegmentRunOptions SegmentRunOf(const RunArguments& options);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_RUN_H_
