// The inputs and results of training on a key frame. Plain values.
#ifndef SHADOWTUTOR_DISTILL_TRAINING_TYPES_H_
#define SHADOWTUTOR_DISTILL_TRAINING_TYPES_H_

#include <vector>

#include "nn/arithmetic.h"
#include "nn/kernels/adam.h"
#include "nn/network.h"
#include "nn/parameter_selection.h"
#include "shadowtutor/types.h"

namespace shadowtutor::distill {

/// How a student is trained on a key frame. The defaults are the paper's Algorithm 1.
struct TrainerOptions {
  /// A key frame on which the metric (mIoU, 0..1) is above it is not trained on, and training stops
  /// when the metric is above it. 1: every key frame is trained on, with all of its steps.
  double threshold = 0.8;
  int max_updates = 8;    // the most distillation steps per key frame, see StepsFor
  int first_updates = 0;  // on the first key frame of a student; 0: max_updates

  nn::Stage cut = nn::kPartialDistillation;  // the first stage that is trained
  nn::ParameterKinds kinds = nn::ParameterKinds::kAll;

  nn::Arithmetic arithmetic = nn::Arithmetic::kReference;

  nn::AdamOptions adam;
  bool fresh_moments = false;  // Adam's moments begin anew with every key frame

  /// The share of the weights that a key frame trains (trained_share.h), above 0; 1: all. Less
  /// needs averaging and fresh moments.
  double share = 1;

  double instance_weight = 5;  // of pixels in and around instances; others have 1 (loss_weights.h)
  double jaccard_weight = 0;   // of the soft Jaccard loss beside the cross entropy
  int loss_stride = 1;  // of the pixels that the loss is taken over: 1, or 2 (kernels/loss.h)

  /// 0: the weights of the best step are kept, as in Algorithm 1. Otherwise the running average of
  /// the weights is kept: after every step, average = averaging * average + (1 - averaging) *
  /// weights. Below 1.
  double averaging = 0;

  /// Every so many-th step is taken on an earlier key frame, one of the last `replay_frames`; 0:
  /// none is. Needs averaging.
  int replay_every = 0;
  int replay_frames = 8;

  /// Training stops after so many steps without a metric that is better by `plateau_gain` than the
  /// best before; 0: it does not.
  int plateau_steps = 0;
  double plateau_gain = 0.003;
};

/// Throws Error kInvalidArgument for options out of range.
void Validate(const TrainerOptions& options);

/// The frames of up to so many pixels that get all of TrainerOptions::max_updates: 1920x1080.
inline constexpr size_t kFullTrainingPixels = size_t{1920} * 1080;

/// The most distillation steps on a frame of this size. Larger frames than kFullTrainingPixels get
/// fewer, but at least one, so that no key frame costs much more than one of that size. (Not a
/// limit of time, because client, server and evaluation must come to the same weights.)
constexpr int StepsFor(int max_updates, FrameSize size) {
  if (max_updates <= 1 || size.pixels() <= kFullTrainingPixels) return max_updates;
  const size_t steps = static_cast<size_t>(max_updates) * kFullTrainingPixels / size.pixels();
  return steps < 1 ? 1 : static_cast<int>(steps);
}

using shadowtutor::TeacherAnswer;

struct TrainResult {
  double metric = 0;          // mIoU after training, of the weights that were kept
  double initial_metric = 0;  // mIoU before training
  int steps = 0;              // distillation steps taken; 0 when the metric was over the threshold
  bool changed = false;       // whether other weights were kept than those from before
};

/// The result of one distillation step.
struct StepResult {
  double loss = 0;    // before the step
  double metric = 0;  // mIoU after the step
};

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_TRAINING_TYPES_H_
