// The training loop of Algorithm 1. Internal to distill/; other rooms use Trainer.
//
// The loop is a template so that tests can replace the network by a scripted learner and check
// every step.
#ifndef SHADOWTUTOR_DISTILL_KEY_FRAME_TRAINING_H_
#define SHADOWTUTOR_DISTILL_KEY_FRAME_TRAINING_H_

#include <functional>

#include "distill/miou.h"
#include "distill/training_types.h"
#include "nn/learner.h"
#include "shadowtutor/types.h"

namespace shadowtutor::distill {

/// One distillation step: an Adam step along the loss's gradient, then a new prediction of the
/// frame.
template <typename Learner, typename PixelWeights>
StepResult DistillationStep(Learner& student, const LabelMap& label,
                            const PixelWeights& pixel_weights, int classes) {
  const double loss = student.LossAndGradient(label, pixel_weights);
  student.AdamStep();
  return {.loss = loss, .metric = MeanIoU(student.Predict(), label, classes)};
}

/// Trains `student` (an nn::Learner or a class with the same functions) on one key frame: Algorithm
/// 1 of the paper, algorithm section 3. `loss_weights()` returns one weight per pixel, or none if
/// all are 1; it is called only when there is something to train. `best` is scratch memory that the
/// caller keeps, so that it is allocated only once. `stop`, if it is not empty, is asked before
/// every step; when it returns true, training ends with the best weights so far.
template <typename Learner, typename LossWeightsFunction>
TrainResult TrainOnKeyFrame(Learner& student, ImageView frame, const LabelMap& label, int classes,
                            LossWeightsFunction&& loss_weights, const TrainerOptions& options,
                            nn::LearnerState& best, const std::function<bool()>& stop = {}) {
  student.SetFrame(frame);
  double metric = MeanIoU(student.Predict(), label, classes);
  TrainResult result{.metric = metric, .initial_metric = metric};
  if (metric > options.threshold) return result;

  const auto pixel_weights = loss_weights();
  student.SaveState(best);  // until a step is better, the weights from before are the best
  while (result.steps < options.max_updates && !(stop && stop())) {
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
