// Runs a strategy over a video and compares every frame's prediction with the teacher's label.
#ifndef SHADOWTUTOR_EVAL_SIM_EVALUATION_H_
#define SHADOWTUTOR_EVAL_SIM_EVALUATION_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eval/sim/strategy.h"
#include "nn/network.h"
#include "teacher/teacher.h"
#include "video/source.h"

namespace shadowtutor::eval {

struct EvalOptions {
  std::string strategy = "partial";
  StrategyOptions parameters;
  uint64_t frames = 0;     // at most so many; 0: all there are
  bool per_frame = false;  // fill EvalReport::miou and key_frame_indices
};

/// The figures of one run. The same inputs give the same report, to the last bit, with any number
/// of threads; another instruction set (nn/kernels/isa.h) rounds otherwise.
struct EvalReport {
  EvalOptions options;
  uint64_t frames = 0;
  Totals totals;
  double mean_miou = 0;  // 0..1, mean over all frames of the frame's mIoU
  std::vector<double> miou;
  std::vector<uint64_t> key_frame_indices;
  /// Frame and stride in force from it on, at the start and at every change; empty without one.
  std::vector<std::pair<uint64_t, int>> strides;

  double key_frame_ratio() const;
  /// Distillation steps per key frame that was trained on; 0 where none was.
  double steps_per_key_frame() const;
};

/// After every frame.
struct EvalProgress {
  uint64_t frames = 0;
  int64_t frames_in_all = -1;  // -1: unknown
  uint64_t key_frames = 0;
  double mean_miou = 0;  // so far
};
/// Returns false to stop; Evaluate then throws Error kCancelled.
using ProgressFunction = std::function<bool(const EvalProgress&)>;

/// One frame and what was made of it. The views are valid during the call alone.
struct EvaluatedFrame {
  uint64_t index = 0;
  ImageView frame;
  const LabelMap& label;       // the teacher's
  const LabelMap& prediction;  // the strategy's
};
using FrameFunction = std::function<void(const EvaluatedFrame&)>;

/// Throws Error: options out of range, no frames, a frame that the teacher cannot label (says
/// which), or a live source without a limit.
EvalReport Evaluate(video::Source& source, teacher::Teacher& teacher,
                    std::shared_ptr<const nn::Checkpoint> student, const EvalOptions& options,
                    const ProgressFunction& progress = {});

/// The same where the truth is known already: `labels` gives the teacher's answers to the frames as
/// they are (from files, say), and `teacher` itself is asked only about frames that a codec changed
/// on their way to it.
EvalReport Evaluate(video::Source& source, teacher::Teacher& labels, teacher::Teacher& teacher,
                    std::shared_ptr<const nn::Checkpoint> student, const EvalOptions& options,
                    const ProgressFunction& progress, const FrameFunction& on_frame);

/// The same from what a user names.
struct EvalRequest {
  std::string source;
  std::filesystem::path teacher_card;
  std::optional<std::filesystem::path> student;  // absent: fresh, of the card's classes
  uint64_t seed = 0;                             // of a fresh one
  std::optional<double> fps;                     // re-sample to so many frames per second
  EvalOptions options;
};
EvalReport Evaluate(const EvalRequest& request, const ProgressFunction& progress = {});

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_EVALUATION_H_
