// One student being trained: forward, loss, backward and Adam, for the stages from a cut on.
//
// The mechanics of a distillation step; which steps are taken, and when to stop, is
// distill/trainer.h's business (Algorithm 1).
#ifndef SHADOWTUTOR_NN_LEARNER_H_
#define SHADOWTUTOR_NN_LEARNER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "nn/kernels/adam.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// What going back to earlier weights goes back to: the trained suffix and Adam's state.
struct LearnerState {
  std::vector<float> trained;           // layout.TrainedSize(cut)
  std::vector<float> moment1, moment2;  // same size
  int64_t adam_steps = 0;
};

/// The memory that training on a frame takes: activations and their gradients, up to 250 MB at
/// 1280x720. Belongs to whoever does the work, not to the student: a server's worker trains many
/// students, one after the other, in one workspace.
///
/// Thread safety: in use by one learner at a time.
class TrainingWorkspace {
 public:
  TrainingWorkspace();
  ~TrainingWorkspace();

  /// Internal to nn/: training_workspace.h says what it holds.
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Thread safety: one thread at a time.
class Learner {
 public:
  /// `weights` holds layout->size() floats; the stages before `cut` stay as they are.
  Learner(std::shared_ptr<const NetworkLayout> layout, std::vector<float> weights, Stage cut,
          const AdamOptions& adam = {});
  ~Learner();
  Learner(Learner&&) noexcept;
  Learner& operator=(Learner&&) noexcept;

  const NetworkLayout& layout() const;
  /// All weights, frozen ones included.
  std::span<const float> weights() const;
  /// The suffix that is trained.
  std::span<const float> trained() const;

  /// Takes the frame to train on and computes the frozen stages' features, once.
  void SetFrame(ImageView frame);
  /// The prediction for that frame with the weights as they are now. Valid until the next call that
  /// changes weights or frame.
  const LabelMap& Predict();
  /// Loss of that prediction (section 3): weighted softmax cross entropy against `label`, averaged
  /// over all pixels, and its gradient with regard to every trained parameter. `label` and
  /// `pixel_weight` have the frame's size; labels must be below the class count.
  double LossAndGradient(const LabelMap& label, std::span<const float> pixel_weight);
  /// Gradient of the last LossAndGradient, in the order of trained().
  std::span<const float> gradient() const;
  /// One Adam step along gradient().
  void AdamStep();

  /// Everything that a return to this moment needs, and the return.
  void SaveState(LearnerState& state) const;
  void RestoreState(const LearnerState& state);
  /// Replaces the trained suffix (for example by what the client holds) and clears Adam's state
  /// unless `keep_moments`.
  void SetTrained(std::span<const float> trained, bool keep_moments);

  /// Trains in this workspace from the next SetFrame on; null: lets go of the one in use. Without
  /// this call the first SetFrame makes one of the learner's own. Frame and prediction go with the
  /// workspace.
  void UseWorkspace(std::shared_ptr<TrainingWorkspace> workspace);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_LEARNER_H_
