// Algorithm 1: how the server trains its copy of the student on one key frame (algorithm section
// 3).
#ifndef SHADOWTUTOR_DISTILL_TRAINER_H_
#define SHADOWTUTOR_DISTILL_TRAINER_H_

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "distill/averaged_training.h"
#include "distill/replay.h"
#include "distill/trained_share.h"
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
  /// classes. With `first_part`, which goes with TrainerOptions::averaging, it takes at most so
  /// many steps and leaves the others to Continue; 0: it takes all.
  TrainResult Train(ImageView frame, const TeacherAnswer& teacher,
                    const std::function<bool()>& stop = {}, int first_part = 0);

  /// Goes on with the key frame of the last Train, which must be given again, and takes at most
  /// `steps` more; more than steps_left() are allowed. Each part ends as Train does, with the
  /// average of the weights, so each leaves a sound student. Adam's moments stay, and the threshold
  /// is not asked again. Throws as Train, and Error kFailedPrecondition when CanContinue() is
  /// false.
  TrainResult Continue(ImageView frame, const TeacherAnswer& teacher, int steps,
                       const std::function<bool()>& stop = {});
  /// Whether more steps on the last key frame make sense: it was trained on, and the metric has not
  /// reached its plateau.
  bool CanContinue() const { return can_continue_; }
  /// The steps for the last key frame that were not taken yet.
  int steps_left() const { return steps_left_; }

  /// A single distillation step, for measurements: on the frame last given to learner()
  /// (nn::Learner::SetFrame), towards `label`, with one weight per pixel, or
  /// none if all are 1. Throws Error
  /// kInvalidArgument for a label or weights that do not fit the frame, kFailedPrecondition when
  /// no frame was given.
  StepResult Step(const LabelMap& label, std::span<const float> pixel_weights);

  /// The weights of the stages from the cut on. Valid while the trainer lives.
  std::span<const float> trained() const { return learner_.trained(); }
  nn::Learner& learner() { return learner_; }
  const nn::Learner& learner() const { return learner_; }

 private:
  TrainResult TrainPart(ImageView frame, const TeacherAnswer& teacher,
                        const TrainerOptions& options, const std::function<bool()>& stop);

  TrainerOptions options_;
  int background_;
  bool taught_;
  Replay replay_;
  nn::Learner learner_;
  TrainedShare share_;
  nn::LearnerState best_;
  std::vector<float> average_;
  std::optional<Plateau> plateau_;  // of the last key frame
  int steps_left_ = 0;
  bool can_continue_ = false;
};

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_TRAINER_H_
