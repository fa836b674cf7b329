// Training of a share of the weights only, so that an update has few of them to carry.
//
// The weights with the largest gradients at a key frame's first step are those whose change lowers
// the loss most: Adam's first steps are equally long for all (as Khani et al., Adaptive Model
// Streaming, 2021, choose theirs). Weights that were trained before are preferred, because naming
// others is most of an update's cost.
#ifndef SHADOWTUTOR_DISTILL_TRAINED_SHARE_H_
#define SHADOWTUTOR_DISTILL_TRAINED_SHARE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "nn/network.h"
#include "nn/parameter_selection.h"

namespace shadowtutor::distill {

/// Thread safety: one thread at a time.
class TrainedShare {
 public:
  /// `share` (above 0, at most 1) of the parameters of `selection`, which lie from `cut` on; norms,
  /// biases and the last layer come on top, as they are few and worth it.
  TrainedShare(const nn::NetworkLayout& layout, nn::Stage cut,
               const nn::ParameterSelection& selection, double share);

  /// Whether there is anything to choose.
  bool all() const { return share_ >= 1; }
  /// The next Choose begins a new key frame; until then its choice stands.
  void NewKeyFrame() { stands_ = false; }
  /// Which weights are trained: their indices in `gradient`, which has the weights from the cut on,
  /// in order. The first call for a key frame chooses them.
  std::span<const uint32_t> Choose(std::span<const float> gradient);
  /// The last choice.
  std::span<const uint32_t> chosen() const { return chosen_; }

 private:
  const double share_;
  size_t choices_ = 0;            // how many of the weights that are not `always_`
  std::vector<uint8_t> may_;      // the selection without `always_`, a byte a weight
  std::vector<uint8_t> always_;   // norms, biases, last layer
  std::vector<uint8_t> trained_;  // the choice
  std::vector<uint32_t> chosen_;  // the same as indices
  bool stands_ = false;
};

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_TRAINED_SHARE_H_
