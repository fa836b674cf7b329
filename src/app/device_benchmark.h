// Measures how fast the student predicts and trains on this machine.
#ifndef SHADOWTUTOR_APP_DEVICE_BENCHMARK_H_
#define SHADOWTUTOR_APP_DEVICE_BENCHMARK_H_

#include <functional>
#include <memory>
#include <string>

#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::app {

struct DeviceBenchmarkOptions {
  FrameSize size = {1280, 720};
  int threads = 0;                                   // 0: all that the machine has
  int classes = 9;                                   // of a fresh student
  std::shared_ptr<const nn::Checkpoint> student;     // null: a fresh one
  nn::Stage partial_cut = nn::kPartialDistillation;  // first stage of partial distillation
  bool all_steps = true;                             // measure more than partial distillation
  double seconds = 2;                                // per measurement, about
  std::function<bool()> interrupted;                 // asked between measurements; may be empty
};

/// Times are medians in milliseconds.
struct DeviceBenchmark {
  FrameSize size;
  int threads = 0;
  std::string isa;
  double inference_ms = 0;     // from BGR bytes to a label map
  double scene_change_ms = 0;  // comparing a frame with the last key frame
  // Loss, backward, Adam, next prediction, mIoU; the frozen part is computed before.
  double partial_step_ms = 0;  // of the paper's policy
  // 0 when not all steps are asked for:
  double balanced_step_ms = 0;  // of the policy `balanced`
  double full_step_ms = 0;      // of all stages, in fast arithmetic
  double inference_gflops = 0;  // the published network's operations per second of our time
  double peak_rss_mb = 0;       // of the whole process
};

/// Runs on a synthetic frame, and on random weights unless a student is given. Neither frame nor
/// weights influence the time; only the student's numbers of channels and its depth do. Throws
/// Error kInvalidArgument for a size or thread count out of range, kCancelled when interrupted.
DeviceBenchmark RunDeviceBenchmark(const DeviceBenchmarkOptions& options);

/// Keys: inference_ms, scene_change_ms, partial_step_ms, balanced_step_ms, full_step_ms, threads,
/// size ("WxH"), isa, peak_rss_mb, inference_fps, inference_gflops.
std::string ToJson(const DeviceBenchmark& result);
/// A table for the terminal.
std::string ToText(const DeviceBenchmark& result);

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_DEVICE_BENCHMARK_H_
