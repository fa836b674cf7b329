// The inputs and results of Algorithm 1. Plain values.
#ifndef SHADOWTUTOR_DISTILL_TRAINING_TYPES_H_
#define SHADOWTUTOR_DISTILL_TRAINING_TYPES_H_

#include <vector>

#include "nn/kernels/adam.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::distill {

struct TrainerOptions {
  double threshold = 0.8;  // training stops when the metric (mIoU, 0..1) is above it
  int max_updates = 8;     // the most distillation steps per key frame, see StepsFor
  nn::Stage cut = nn::kPartialDistillation;  // the first stage that is trained
  nn::AdamOptions adam;
};

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

/// The teacher's answer to a key frame.
struct TeacherAnswer {
  LabelMap label;              // in the student's classes, at the frame's size
  std::vector<Box> instances;  // boxes of the instances, in pixels
  bool has_instances = false;  // false: the label's connected components stand for instances
};

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
