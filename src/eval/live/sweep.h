// The live sweep: real client and server processes over a link whose bandwidth is set, one run for
// each strategy and bandwidth (the paper's throughput table and figure 6.1).
#ifndef SHADOWTUTOR_EVAL_LIVE_SWEEP_H_
#define SHADOWTUTOR_EVAL_LIVE_SWEEP_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eval/live/link.h"

namespace shadowtutor::eval::live {

struct SweepRequest {
  std::filesystem::path program = "/proc/self/exe";  // `shadowtutor`
  std::string version;
  std::string command;  // as typed, for results.json

  std::string source;
  std::string clip;  // its name
  std::string card;
  std::optional<std::string> student;  // absent: fresh weights
  uint64_t seed = 0;
  std::vector<std::string> strategies;  // of LiveStrategies()
  std::vector<double> bandwidths;       // Mbit/s
  uint64_t frames = 0;                  // 0: all
  uint64_t naive_frames = 0;            // at most so many with a naive strategy; 0: as `frames`
  double max_fps = 0;                   // of the student on the device; 0: as fast as it goes
  int reference_every = 10;             // frames that the mIoU is the mean of; 0: no mIoU

  double threshold = 0.8;
  int max_updates = 8, min_stride = 8, max_stride = 64;
  double learning_rate = 0.01;
  std::string frame_codec = "raw", update_codec = "fp32", label_codec = "png";
  int jpeg_quality = 90;

  std::filesystem::path folder;  // results.json, live.csv, and live/ with logs and summaries
  bool fresh = false;            // runs that are in results.json are done again, too

  std::function<bool()> stop;                        // may be empty
  std::function<void(const std::string& line)> log;  // progress; may be empty
};

/// One run, as in results.json.
struct LiveRun {
  std::string strategy, label;
  double bandwidth_mbit = 0;
  uint64_t frames = 0, key_frames = 0, distillation_steps = 0;
  double seconds = 0;
  uint64_t bytes_up = 0, bytes_down = 0;
  std::optional<double> mean_miou, student_ms, step_ms, teacher_ms;
  /// Means: what a frame takes of the device's own time, and of the server's for unpacking and
  /// packing. The median of a frame's way there and back.
  std::optional<double> device_ms, codec_ms, round_trip_ms;
  struct Interval {
    double low = 0, high = 0;
  };
  std::optional<Interval> fps_bounds, mbit_bounds;
  std::optional<bool> within;
  std::string why_not;  // empty: it is within, or nothing is known

  double fps() const { return seconds > 0 ? static_cast<double>(frames) / seconds : 0; }
  double mbit_per_second() const {
    return seconds > 0 ? static_cast<double>(bytes_up + bytes_down) * 8 / 1e6 / seconds : 0;
  }
};

struct SweepResults {
  std::string link;
  std::vector<LiveRun> runs;          // in the order of strategies and bandwidths
  std::vector<std::string> failures;  // a sentence for each run that failed
};

/// "partial", "full", "naive-raw", "naive-jpeg", "naive-h264".
const std::vector<std::string>& LiveStrategies();
/// "naive" becomes all three of them; what is repeated is left out. Throws Error kInvalidArgument.
std::vector<std::string> ChooseLiveStrategies(const std::vector<std::string>& names);

/// Runs what is missing, and writes results.json and live.csv after every run. A run that fails or
/// exceeds its deadline is in `failures`. Throws Error: kInvalidArgument, kUnavailable (files,
/// processes), kCancelled (`stop` said so; what is done stays).
SweepResults RunSweep(const SweepRequest& request, Link& link);

/// Frames a second and Mbit/s, a row for each strategy, a column for each bandwidth.
std::string SweepTables(const SweepResults& results);

}  // namespace shadowtutor::eval::live

#endif  // SHADOWTUTOR_EVAL_LIVE_SWEEP_H_
