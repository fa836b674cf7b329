// Algorithm 1: how the server trains its copy of the student on one key frame (algorithm section
// 3).
#ifndef SHADOWTUTOR_DISTILL_TRAINER_H_
#define SHADOWTUTOR_DISTILL_TRAINER_H_

#include <functional>
#include <span>
#include <vector>

#include "distill/replay.h"
#include "distill/training_types.h"
#include "nn/learner.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::distill {

/// A student in training and the options of its training.
///
/// Thread safety: one thread at a time.
class Trainer {
 public:
  /// Starts with the weights of `student`. `taught`: it was trained on the scene before, so the
  /// next key frame is not its first. Throws Error kInvalidArgument for options out of range.
  Trainer(const nn::Checkpoint& student, const TrainerOptions& options, bool taught = false);

  /// Train of Algorithm 1, or with TrainerOptions::averaging the loop of averaged_training.h.
  /// Afterwards the student holds the weights that were kept, which are what an update sends to the
  /// client. It takes at most StepsFor(max_updates, size) steps. `stop`, if it
  /// is not empty, is asked before every step and ends training when it returns true. Throws Error
  /// kInvalidArgument for an empty frame or an answer that does not fit the frame and the student's
  /// classes.
  TrainResult Train(ImageView frame, const TeacherAnswer& teacher,
                    const std::function<bool()>& stop = {});

  /// A single distillation step, for measurements: on the frame last given to learner()
  /// (nn::Learner::SetFrame), towards `label`, with one weight per pixel. Throws Error
  /// kInvalidArgument for a label or weights that do not fit the frame, kFailedPrecondition when
  /// no frame was given.
  StepResult Step(const LabelMap& label, std::span<const float> pixel_weights);

  /// The weights of the stages from the cut on. Valid while the trainer lives.
  std::span<const float> trained() const { return learner_.trained(); }
  nn::Learner& learner() { return learner_; }

 private:
  TrainerOptions options_;
  int background_;
  bool taught_;
  nn::Learner learner_;
  nn::LearnerState best_;
  std::vector<float> average_;
  Replay replay_;
};

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_TRAINER_H_
