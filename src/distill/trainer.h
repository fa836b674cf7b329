// Algorithm 1: what the server does with one key frame (algorithm section 3).
#ifndef SHADOWTUTOR_DISTILL_TRAINER_H_
#define SHADOWTUTOR_DISTILL_TRAINER_H_

#include <memory>
#include <span>
#include <vector>

#include "distill/training_types.h"
#include "nn/learner.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::distill {

/// Thread safety: one thread at a time.
class Trainer {
 public:
  /// Throws Error kInvalidArgument for options out of range.
  Trainer(const nn::Checkpoint& student, const TrainerOptions& options);

  /// Algorithm 1's Train. Leaves the student with the weights that the update is made of.
  TrainResult Train(ImageView frame, const TeacherAnswer& teacher);

  /// One distillation step of Train by itself, for measurements: on the frame that learner() was
  /// given last (nn::Learner::SetFrame), towards `label`, with one weight per pixel. Throws Error
  /// kInvalidArgument for a label or weights that do not fit the frame, kFailedPrecondition where
  /// there is no frame.
  StepResult Step(const LabelMap& label, std::span<const float> pixel_weights);

  std::span<const float> trained() const { return learner_.trained(); }
  nn::Learner& learner() { return learner_; }

 private:
  TrainerOptions options_;
  int background_;
  nn::Learner learner_;
  nn::LearnerState best_;
};

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_TRAINER_H_
