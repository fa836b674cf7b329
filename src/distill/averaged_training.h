// The training loop of policies that keep a running average of the weights (TrainerOptions::
// averaging). Internal to distill/; other rooms use Trainer.
//
// Algorithm 1 (key_frame_training.h) stops when the student is good enough for its key frame, and
// keeps the weights that were best on it. For the frames that follow, an average over all steps
// does better: it fits that single label less. (As Polyak's averaging, and Zhang et al., Lookahead
// Optimizer, 2019: training goes on from the average.)
#ifndef SHADOWTUTOR_DISTILL_AVERAGED_TRAINING_H_
#define SHADOWTUTOR_DISTILL_AVERAGED_TRAINING_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "distill/miou.h"
#include "distill/replay.h"
#include "distill/trained_share.h"
#include "distill/training_types.h"
#include "shadowtutor/types.h"

namespace shadowtutor::distill {

/// Tells when the metric does not grow any more (TrainerOptions::plateau_steps).
class Plateau {
 public:
  explicit Plateau(const TrainerOptions& options)
      : most_(options.plateau_steps), gain_(options.plateau_gain) {}

  bool wanted() const { return most_ > 0; }
  /// Whether it was reached.
  bool reached() const { return wanted() && steps_ >= most_; }
  /// Takes the metric after one more step. Returns whether the plateau is reached.
  bool Reached(double metric) {
    if (metric >= best_ + gain_) {
      best_ = metric;
      steps_ = 0;
      return false;
    }
    return ++steps_ >= most_;
  }

 private:
  const int most_;
  const double gain_;
  double best_ = 0;
  int steps_ = 0;  // since `best_`
};

/// Makes `average` keep * average + (1 - keep) * weights. Where both are equal it stays as it is:
/// weights that are not trained must not be rounded, as they do not travel.
void MixInto(std::span<float> average, float keep, std::span<const float> weights);
/// The same for these indices alone.
void MixInto(std::span<float> average, float keep, std::span<const float> weights,
             std::span<const uint32_t> indices);

/// Trains `student` (an nn::Learner or a class with the same functions) on one key frame. The
/// parameters are those of TrainOnKeyFrame, but for `loss_weights(answer)`, which returns one
/// weight per pixel of an answer's label, or none if all are 1. `plateau` is new for each key
/// frame, `replay` has the earlier key frames, `share` says which weights are trained, and
/// `average` is scratch memory. Afterwards the student holds the average.
template <typename Learner, typename LossWeightsFunction>
TrainResult TrainAveraged(Learner& student, ImageView frame, const TeacherAnswer& teacher,
                          int classes, LossWeightsFunction&& loss_weights,
                          const TrainerOptions& options, Plateau& plateau, Replay& replay,
                          TrainedShare& share, std::vector<float>& average,
                          const std::function<bool()>& stop = {}) {
  const LabelMap& label = teacher.label;
  student.SetFrame(frame);
  const double before = MeanIoU(student.Predict(), label, classes);
  TrainResult result{.metric = before, .initial_metric = before};
  if (before > options.threshold) return result;

  const auto pixel_weights = loss_weights(teacher);
  average.assign(student.trained().begin(), student.trained().end());
  const auto keep = static_cast<float>(options.averaging);
  const auto step = [&](const LabelMap& truth, const std::vector<float>& weight) {
    student.LossAndGradient(truth, weight);
    if (share.all()) {
      student.AdamStep();
    } else {
      student.AdamStep(share.Choose(student.gradient()));
    }
  };
  while (result.steps < options.max_updates && !(stop && stop())) {
    ++result.steps;
    const bool again = options.replay_every > 0 && result.steps % options.replay_every == 0;
    if (const Replay::KeyFrame* earlier = again ? replay.Pick() : nullptr) {
      student.HoldFrame();
      student.SetFrame(earlier->frame);
      step(earlier->answer.label, loss_weights(earlier->answer));
      student.ReturnToHeldFrame();
    } else {
      step(label, pixel_weights);
    }
    if (share.all()) {
      MixInto(average, keep, student.trained());
    } else {  // the others are still as they were
      MixInto(average, keep, student.trained(), share.chosen());
    }
    if (plateau.wanted() && plateau.Reached(MeanIoU(student.Predict(), label, classes))) break;
  }
  if (result.steps == 0) return result;  // stopped before the first one
  student.SetTrained(average, /*keep_moments=*/true);
  result.metric = MeanIoU(student.Predict(), label, classes);
  result.changed = true;
  return result;
}

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_AVERAGED_TRAINING_H_
