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

#include "eval/sim/measures.h"
#include "eval/sim/strategy.h"
#include "nn/network.h"
#include "teacher/teacher.h"
#include "video/source.h"

namespace shadowtutor::eval {

struct EvalOptions {
  std::string strategy = "partial";
  StrategyOptions parameters;
  uint64_t frames = 0;     // at most this many; 0: all
  bool per_frame = false;  // fill EvalReport::miou and key_frame_indices
};

/// The figures of one run. The same inputs give the same report, to the last bit, with any number
/// of threads; another instruction set (nn/kernels/isa.h) rounds differently. Totals::encode_ms and
/// server_ms are measured, and with kDelayAuto all depends on those times that Timing does not
/// give.
struct EvalReport {
  EvalOptions options;
  uint64_t frames = 0;
  Totals totals;
  double mean_miou = 0;  // 0..1, mean over all frames of the frame's mIoU
  /// Without seconds_to_80 and seconds_to_85 where the strategy does not train.
  Measures measures;
  std::vector<double> miou;
  std::vector<uint64_t> key_frame_indices;
  /// The frames at which the stride changed, each with the stride from there on; the first entry is
  /// the start. Empty if the strategy has no stride.
  std::vector<std::pair<uint64_t, int>> strides;

  double key_frame_ratio() const;
  /// Frames from a key frame to the first that uses its update, on average; absent where the
  /// strategy has no delay, or there was no key frame.
  std::optional<double> mean_delay() const;
};

/// How far a run is; reported after every frame.
struct EvalProgress {
  uint64_t frames = 0;
  int64_t frames_in_all = -1;  // -1: unknown
  uint64_t key_frames = 0;
  double mean_miou = 0;  // so far
};
/// Returns false to stop; Evaluate then throws Error kCancelled.
using ProgressFunction = std::function<bool(const EvalProgress&)>;

/// One frame with its label and its prediction. The views are valid during the call only.
struct EvaluatedFrame {
  uint64_t index = 0;
  ImageView frame;
  const LabelMap& label;       // the teacher's
  const LabelMap& prediction;  // the strategy's
};
using FrameFunction = std::function<void(const EvaluatedFrame&)>;

/// Runs the strategy over the source's frames. `progress` may be empty. Throws Error for options
/// out of range, a source without frames, a frame that the teacher cannot label (the sentence says
/// which), and a live source without a limit on the frames.
EvalReport Evaluate(video::Source& source, teacher::Teacher& teacher,
                    std::shared_ptr<const nn::Checkpoint> student, const EvalOptions& options,
                    const ProgressFunction& progress = {});

/// The same for labels that are stored already: `labels` gives the teacher's answers to the
/// unchanged frames (from files, for example). `teacher` is asked only about frames that a codec
/// has changed, and, to measure its time, about key frames where Timing does not give that.
/// `on_frame` is called for every frame; it and `progress` may be empty.
EvalReport Evaluate(video::Source& source, teacher::Teacher& labels, teacher::Teacher& teacher,
                    std::shared_ptr<const nn::Checkpoint> student, const EvalOptions& options,
                    const ProgressFunction& progress, const FrameFunction& on_frame);

/// What a user names to have evaluated.
struct EvalRequest {
  std::string source;
  std::filesystem::path teacher_card;
  std::optional<std::filesystem::path> student;  // absent: fresh, with the card's classes
  uint64_t seed = 0;                             // of the fresh student
  std::optional<double> fps;                     // re-sample to this many frames per second
  EvalOptions options;
  /// Told when the source is damaged. May be empty.
  std::function<void(const std::string&)> log = {};
};
/// Opens what the request names and evaluates it. Throws Error as above, and as opening does.
EvalReport Evaluate(const EvalRequest& request, const ProgressFunction& progress = {});

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_EVALUATION_H_
