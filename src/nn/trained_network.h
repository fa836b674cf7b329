// A student in training: its weights, their packed forms, and Adam's moments. It is the common part
// of Learner, which trains on one frame, and BatchLearner, which trains on several. Internal to
// nn/.
#ifndef SHADOWTUTOR_NN_TRAINED_NETWORK_H_
#define SHADOWTUTOR_NN_TRAINED_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "nn/arithmetic.h"
#include "nn/backward_weights.h"
#include "nn/kernels/adam.h"
#include "nn/kernels/loss.h"
#include "nn/kernels/scratch.h"
#include "nn/learner_state.h"
#include "nn/network.h"
#include "nn/packed_weights.h"
#include "nn/parameter_selection.h"
#include "nn/training_memory.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// Thread safety: const functions may run at the same time, each with another workspace; the others
/// need the object to themselves.
class TrainedNetwork {
 public:
  /// `weights` holds layout->size() floats, else throws Error kInvalidArgument. Training does not
  /// change the stages before `cut`, and only those kinds of parameters in the others.
  TrainedNetwork(std::shared_ptr<const NetworkLayout> layout, std::vector<float> weights, Stage cut,
                 const AdamOptions& adam, const LossOptions& loss = {},
                 ParameterKinds kinds = ParameterKinds::kAll,
                 Arithmetic arithmetic = Arithmetic::kReference);

  const NetworkLayout& layout() const { return *layout_; }
  Stage cut() const { return cut_; }
  /// The parameters that training changes, a part of trained().
  const ParameterSelection& selection() const { return selection_; }
  /// All weights, frozen ones included.
  std::span<const float> weights() const { return weights_; }
  /// The index of the first trained weight.
  size_t offset() const { return offset_; }
  /// The trained weights.
  std::span<const float> trained() const { return weights().subspan(offset_); }

  /// Prepares `workspace` for frames of this size.
  void LayOut(TrainingMemory& workspace, FrameSize size) const;
  /// Runs the frozen stages on a frame of the size that `workspace` is prepared for.
  void ForwardFrozen(ImageView frame, TrainingMemory& workspace) const;
  /// Whether the stem is trained, so that all passes read the frame. Otherwise, only ForwardFrozen
  /// does.
  bool StemTrained() const { return cut_ <= Stage::kInConv2; }
  /// Packs the weights of the trained stages for the forward pass if they have changed. Call it
  /// before ForwardTrained.
  void PackForward();
  /// The same for the backward pass, which needs PackForward as well. Call it before Backward.
  void PackBackward(Scratch& scratch);
  /// Runs the trained stages, after ForwardFrozen on the same frame. Sets the workspace's logits.
  void ForwardTrained(ImageView frame, TrainingMemory& workspace) const;
  /// Sets the workspace's prediction, from its logits.
  void Label(TrainingMemory& workspace) const;
  /// The backward pass, after ForwardTrained. Returns the loss (see Learner::LossAndGradient) and
  /// writes its gradient for the trained part into `gradient`, which has layout().size() floats.
  double Backward(ImageView frame, const LabelMap& label, std::span<const float> pixel_weight,
                  TrainingMemory& workspace, std::span<float> gradient) const;

  /// Throws Error kInvalidArgument unless `label` and `pixel_weight` (which may be empty) have this
  /// size and every label is below the class count.
  void CheckTruth(FrameSize size, const LabelMap& label, std::span<const float> pixel_weight) const;

  /// One Adam step along `gradient`, which has trained().size() floats.
  void AdamStep(std::span<const float> gradient);
  /// The same for these of the trained weights, see Learner::AdamStep.
  void AdamStep(std::span<const float> gradient, std::span<const uint32_t> chosen);
  void SetLearningRate(double learning_rate) { adam_.learning_rate = learning_rate; }

  /// As Learner's functions of these names.
  void SaveState(LearnerState& state) const;
  void RestoreState(const LearnerState& state);
  void SetTrained(std::span<const float> trained, bool keep_moments);
  void ForgetMoments();

 private:
  void RunStem(ImageView frame, ForwardWorkspace& forward) const;
  void WeightsChanged() { packed_current_ = transposed_current_ = false; }
  std::span<float> Suffix() { return std::span(weights_).subspan(offset_); }

  std::shared_ptr<const NetworkLayout> layout_;
  std::vector<float> weights_;
  Stage cut_;
  Arithmetic arithmetic_;
  size_t offset_;  // index of the first trained weight
  AdamOptions adam_;
  LossOptions loss_;
  ParameterSelection selection_;
  std::vector<float> moment1_, moment2_;  // Adam's, for the trained part
  int64_t adam_steps_ = 0;
  std::vector<float> chosen_;  // for Adam: gradient, weight, moments of the chosen weights

  PackedWeights packed_;
  std::vector<BlockBackwardWeights> transposed_;  // one per block; empty for frozen blocks
  bool packed_current_ = false, transposed_current_ = false;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TRAINED_NETWORK_H_
