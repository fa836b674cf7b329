// One student being trained: forward, loss, backward and Adam, for the stages from a cut on.
//
// The mechanics of a distillation step; which steps are taken, and when to stop, is
// distill/trainer.h's business (Algorithm 1).
#ifndef SHADOWTUTOR_NN_LEARNER_H_
#define SHADOWTUTOR_NN_LEARNER_H_

#include <memory>
#include <span>
#include <vector>

#include "nn/kernels/adam.h"
#include "nn/learner_state.h"
#include "nn/network.h"
#include "nn/training_workspace.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

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
