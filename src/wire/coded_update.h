// Updates as quantised, entropy-coded changes of the weights: a few kilobytes instead of megabytes.
//
// Each change is rounded to a multiple of a step and coded, weight by weight in the order of the
// network, by an adaptive range coder (range_coder.h). The probability that a weight changes is
// learned for each combination of what its neighbours in the tensor and earlier updates did. What
// is rounded away is not lost: the server goes on with the weights that the client really has, so
// it is part of the next update's change.
//
// A step has 8 significant bits and a multiple 16, so their product is exact in a float, and the
// new weight is rounded once, on every processor, with or without fused multiply-add.
#ifndef SHADOWTUTOR_WIRE_CODED_UPDATE_H_
#define SHADOWTUTOR_WIRE_CODED_UPDATE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "nn/network.h"
#include "nn/parameter_selection.h"

namespace shadowtutor::wire {

/// Both ends of a session's coded updates: the tensors that the weights belong to, and what earlier
/// updates changed. A value: a copy remembers the same, and goes on by itself.
///
/// Thread safety: const functions from any thread.
class CodedUpdates {
 public:
  /// The weights of the updates are those of `selection`, in its order.
  CodedUpdates(const nn::NetworkLayout& layout, const nn::ParameterSelection& selection);

  /// The number of weights.
  size_t size() const { return history_.size(); }
  /// The most bytes that a payload has.
  size_t MaxBytes() const { return 1 + 4 * size(); }

  /// The payload that takes the client from `base` to about `target`: each weight to within
  /// `step` / 2 or a little more, norms and biases to within an eighth of it. Does not change what
  /// is remembered. Throws Error kInvalidArgument when a size is not size(), a weight is not
  /// finite, or the step is not between 1e-9 and 1e3.
  std::vector<uint8_t> Encode(std::span<const float> base, std::span<const float> target,
                              float step) const;

  struct Update {
    std::vector<uint8_t> payload;
    std::vector<float> weights;  // that the payload makes of `base`
  };
  /// Encode, and then what Decode does with that payload, without reading it. Throws as Encode, and
  /// Error kDataLoss when a weight becomes infinite; then it remembers what it did before.
  Update EncodeAndRemember(std::span<const float> base, std::span<const float> target, float step);

  /// The weights after the update, and remembers what it changed. Both sides must call it with
  /// every payload, in the same order. Throws Error kInvalidArgument when `base` has another size,
  /// kDataLoss when the payload is damaged or makes a weight NaN or infinite; then it remembers
  /// what it did before.
  std::vector<float> Decode(std::span<const float> base, std::span<const uint8_t> payload);

 private:
  // A tensor of the network; convolutions have [out][in][kernel] weights.
  struct Tensor {
    size_t count = 0, row = 1, kernel = 1;  // row: in * kernel
    bool fine = false;                      // norms and biases
  };
  template <typename Coder>
  static void Walk(Coder& coder, std::span<const Tensor> tensors, std::span<const uint8_t> history,
                   std::span<int32_t> multiples);

  // The payload, and the multiples that are in it; none if it holds the weights themselves.
  std::vector<uint8_t> EncodeMultiples(std::span<const float> base, std::span<const float> target,
                                       float step, std::vector<int32_t>& multiples) const;
  // The weights after an update, and remembers which of them it changed.
  std::vector<float> Change(std::span<const float> base, std::span<const int32_t> multiples,
                            std::span<const uint8_t> header);
  void Replace(std::span<const float> base, std::span<const float> weights);
  void Remember(size_t i, bool changed) { history_[i] = changed ? 2 : history_[i] ? 1 : 0; }

  std::shared_ptr<const std::vector<Tensor>> tensors_;
  std::vector<uint8_t>
      history_;  // of each weight: 0 never changed, 1 earlier, 2 by the last update
};

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_CODED_UPDATE_H_
