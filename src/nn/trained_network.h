// A student in training: its weights, what the passes read of them, and Adam's moments. What
// Learner, which trains on one frame, and BatchLearner, which trains on several, have in common.
// Internal to nn/.
#ifndef SHADOWTUTOR_NN_TRAINED_NETWORK_H_
#define SHADOWTUTOR_NN_TRAINED_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "nn/kernels/adam.h"
#include "nn/kernels/scratch.h"
#include "nn/learner_state.h"
#include "nn/network.h"
#include "nn/packed_weights.h"
#include "nn/training_memory.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// Thread safety: const functions may run side by side, each in a workspace of its own; the others
/// need the network to themselves.
class TrainedNetwork {
 public:
  /// `weights` holds layout->size() floats, else throws Error kInvalidArgument; the stages before
  /// `cut` stay as they are.
  TrainedNetwork(std::shared_ptr<const NetworkLayout> layout, std::vector<float> weights, Stage cut,
                 const AdamOptions& adam);

  const NetworkLayout& layout() const { return *layout_; }
  Stage cut() const { return cut_; }
  /// All weights, frozen ones included.
  std::span<const float> weights() const { return weights_; }
  /// Where in them the part that is trained begins, and that part.
  size_t offset() const { return offset_; }
  std::span<const float> trained() const { return weights().subspan(offset_); }

  /// Lays `workspace` out for frames of this size.
  void LayOut(TrainingMemory& workspace, FrameSize size) const;
  /// The stages that are not trained, for a frame that `workspace` is laid out for.
  void ForwardFrozen(ImageView frame, TrainingMemory& workspace) const;
  /// Brings what the trained stages' passes read up to date with the weights, where it is not;
  /// comes before ForwardTrained.
  void Pack(Scratch& scratch);
  /// The trained stages, after ForwardFrozen of the same frame: the workspace's logits and
  /// prediction.
  void ForwardTrained(ImageView frame, TrainingMemory& workspace) const;
  /// After ForwardTrained: the loss, and in `gradient` (all of the network's parameters) its
  /// gradient for the trained part. Learner::LossAndGradient says what the loss is.
  double Backward(ImageView frame, const LabelMap& label, std::span<const float> pixel_weight,
                  TrainingMemory& workspace, std::span<float> gradient) const;

  /// Throws Error kInvalidArgument unless label and weights have this size and every label is one
  /// of the student's.
  void CheckTruth(FrameSize size, const LabelMap& label, std::span<const float> pixel_weight) const;

  /// One Adam step along `gradient`, which has the trained part's size.
  void AdamStep(std::span<const float> gradient);
  void SetLearningRate(double learning_rate) { adam_.learning_rate = learning_rate; }

  /// As Learner's functions of these names.
  void SaveState(LearnerState& state) const;
  void RestoreState(const LearnerState& state);
  void SetTrained(std::span<const float> trained, bool keep_moments);

 private:
  bool StemTrained() const { return cut_ <= Stage::kInConv2; }
  std::span<float> Suffix() { return std::span(weights_).subspan(offset_); }

  std::shared_ptr<const NetworkLayout> layout_;
  std::vector<float> weights_;
  Stage cut_;
  size_t offset_;  // of the trained part
  AdamOptions adam_;
  std::vector<float> moment1_, moment2_;  // of the trained part
  int64_t adam_steps_ = 0;

  PackedWeights packed_;
  std::vector<BlockBackwardWeights> transposed_;  // one for each block; empty where not trained
  bool packed_current_ = false;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TRAINED_NETWORK_H_
