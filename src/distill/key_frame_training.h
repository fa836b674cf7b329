// Algorithm 1, from the teacher's label on. Internal to distill/; Trainer is what others use.
//
// A template so that tests can put a scripted learner in the place of the network and see every
// step that is, and is not, taken.
#ifndef SHADOWTUTOR_DISTILL_KEY_FRAME_TRAINING_H_
#define SHADOWTUTOR_DISTILL_KEY_FRAME_TRAINING_H_

#include "distill/miou.h"
#include "distill/training_types.h"
#include "nn/learner.h"
#include "shadowtutor/types.h"

namespace shadowtutor::distill {

/// One distillation step: the weights move along the loss's gradient, and the student predicts the
/// frame again.
template <typename Learner, typename PixelWeights>
StepResult DistillationStep(Learner& student, const LabelMap& label,
                            const PixelWeights& pixel_weights, int classes) {
  const double loss = student.LossAndGradient(label, pixel_weights);
  student.AdamStep();
  return {.loss = loss, .metric = MeanIoU(student.Predict(), label, classes)};
}

/// Trains `student` (an nn::Learner or what behaves like one) on one key frame; algorithm section
/// 3, Algorithm 1 of the paper. `loss_weights()` gives one weight per pixel and is called only when
/// there is training to do. `best` is scratch memory, kept by the caller so that it is allocated
/// once.
template <typename Learner, typename LossWeightsFunction>
TrainResult TrainOnKeyFrame(Learner& student, ImageView frame, const LabelMap& label, int classes,
                            LossWeightsFunction&& loss_weights, const TrainerOptions& options,
                            nn::LearnerState& best) {
  student.SetFrame(frame);
  double metric = MeanIoU(student.Predict(), label, classes);
  TrainResult result{.metric = metric, .initial_metric = metric};
  if (metric > options.threshold) return result;

  const auto pixel_weights = loss_weights();
  student.SaveState(best);  // the start is the first best
  while (result.steps < options.max_updates) {
    metric = DistillationStep(student, label, pixel_weights, classes).metric;
    ++result.steps;
    if (metric > options.threshold) {
      result.metric = metric;
      result.changed = true;
      return result;
    }
    if (metric > result.metric) {
      result.metric = metric;
      result.changed = true;
      student.SaveState(best);
    }
  }
  student.RestoreState(best);
  return result;
}

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_KEY_FRAME_TRAINING_H_
