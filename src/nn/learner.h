// A student that is trained on one frame: forward pass, loss, backward pass and Adam, for the
// stages from a cut on.
//
// It computes the parts of a distillation step. distill/trainer.h decides which steps are taken and
// when to stop (Algorithm 1).
#ifndef SHADOWTUTOR_NN_LEARNER_H_
#define SHADOWTUTOR_NN_LEARNER_H_

#include <memory>
#include <span>
#include <vector>

#include "nn/arithmetic.h"
#include "nn/kernels/adam.h"
#include "nn/kernels/loss.h"
#include "nn/learner_state.h"
#include "nn/network.h"
#include "nn/parameter_selection.h"
#include "nn/training_workspace.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// Thread safety: one thread at a time.
class Learner {
 public:
  /// `weights` holds layout->size() floats, else throws Error kInvalidArgument. Training does not
  /// change the stages before `cut`, and only those kinds of parameters in the others.
  Learner(std::shared_ptr<const NetworkLayout> layout, std::vector<float> weights, Stage cut,
          const AdamOptions& adam = {}, const LossOptions& loss = {},
          ParameterKinds kinds = ParameterKinds::kAll,
          Arithmetic arithmetic = Arithmetic::kReference);
  ~Learner();
  Learner(Learner&&) noexcept;
  Learner& operator=(Learner&&) noexcept;

  const NetworkLayout& layout() const;
  /// All weights, frozen ones included.
  std::span<const float> weights() const;
  /// The trained suffix: the weights of the stages from the cut on.
  std::span<const float> trained() const;
  /// The parameters that training changes, a part of the trained suffix.
  const ParameterSelection& selection() const;

  /// Sets the frame to train on, which need not outlive the call, and runs the frozen stages on it.
  /// Throws Error kInvalidArgument for an empty or oversized frame.
  void SetFrame(ImageView frame);
  /// Holds the present frame: the next SetFrame puts aside what was computed of it that does not
  /// depend on the trained weights. Throws Error kFailedPrecondition when there is no frame.
  void HoldFrame();
  /// Goes back to the frame that is held, as SetFrame with that frame would, but without running
  /// the frozen stages; it is no longer held then. Throws Error kFailedPrecondition when none is.
  void ReturnToHeldFrame();
  /// The prediction for the frame with the present weights. Valid until the next call that changes
  /// the weights or the frame. This and LossAndGradient throw Error kFailedPrecondition when there
  /// is no frame.
  const LabelMap& Predict();
  /// The loss of the prediction (section 3): softmax cross entropy against `label`, times
  /// `pixel_weight`, averaged over all pixels, and what LossOptions add (kernels/loss.h). Also
  /// computes its gradient with respect to the trained weights. No pixel weights mean that all are
  /// 1. Throws Error kInvalidArgument unless `label` and `pixel_weight` have the frame's size and
  /// every label is below the class count.
  double LossAndGradient(const LabelMap& label, std::span<const float> pixel_weight);
  /// The gradient of the last LossAndGradient, in the order of trained().
  std::span<const float> gradient() const;
  /// One Adam step along gradient().
  void AdamStep();
  /// One Adam step of these weights alone, indices in trained(), each of them once and one of those
  /// that training changes. The other weights and their moments stay. Throws Error kInvalidArgument
  /// for an index past the end.
  void AdamStep(std::span<const uint32_t> chosen);

  /// Copies the trained weights and Adam's state into `state`.
  void SaveState(LearnerState& state) const;
  /// Goes back to a saved state. Throws Error kInvalidArgument for the state of another shape of
  /// student.
  void RestoreState(const LearnerState& state);
  /// Replaces the trained suffix (for example by the client's weights), and clears Adam's state
  /// unless `keep_moments`. Throws Error kInvalidArgument for another number of weights.
  void SetTrained(std::span<const float> trained, bool keep_moments);
  /// Clears Adam's state.
  void ForgetMoments();

  /// From the next SetFrame on, the learner uses this workspace. The frame and the prediction are
  /// stored in the workspace, so both are lost, and so is a frame that is held. With null, or
  /// without this call, the next SetFrame makes a new workspace.
  void UseWorkspace(std::shared_ptr<TrainingWorkspace> workspace);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_LEARNER_H_
