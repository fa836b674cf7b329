// The reference network: the student network, its loss, gradients and Adam in plain loops, exactly
// as in algorithm section 2. The engine's tests compare with it. Instantiated for float and double.
//
// Thread safety: one thread at a time.
#ifndef SHADOWTUTOR_NN_TESTING_REFERENCE_H_
#define SHADOWTUTOR_NN_TESTING_REFERENCE_H_

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nn/kernels/adam.h"
#include "nn/network.h"
#include "nn/testing/reference_ops.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn::reference {

/// The loss, and its gradient with respect to the parameters from a cut on, in the order of the
/// weights.
template <typename T>
struct Backward {
  T loss = 0;
  std::vector<T> gradient;
};

template <typename T>
class Network {
 public:
  /// `weights` holds layout->size() values.
  Network(std::shared_ptr<const NetworkLayout> layout, std::vector<T> weights);
  /// Takes the network and the weights of `student`.
  explicit Network(const Checkpoint& student);

  const NetworkLayout& layout() const { return *layout_; }
  std::vector<T>& weights() { return weights_; }

  /// Runs the network on a frame, whose BGR bytes minus their means are the input.
  void Forward(ImageView frame);
  /// The output of a stage in the last Forward: in_conv1, in_conv2, enc1..3, dec1..3,
  /// dec1_up..dec3_up, out_conv1, out_conv2, or logits (at the frame's size). Throws Error
  /// kNotFound for other names.
  const Tensor<T>& Activation(std::string_view name) const;
  /// The labels of the last Forward.
  LabelMap Labels() const { return ArgMax(Activation("logits")); }

  /// The smallest distance from 0 of an input of a ReLU in the last Forward, from `cut` on,
  /// relative to the largest magnitude in its tensor. If it is below the rounding errors of another
  /// computation, the input may have the other sign there, and the gradients then differ by a
  /// pixel's whole contribution.
  double KinkDistance(Stage cut) const;

  /// The loss of the last Forward against `label`, and its gradient with respect to the parameters
  /// from `cut` on. This is a suffix of the gradient without a cut.
  Backward<T> LossAndGradient(const LabelMap& label, std::span<const float> pixel_weight,
                              Stage cut) const;

 private:
  struct BlockState {
    Tensor<T> x, normalised, activated, wide, wide_activated, middle;
  };

  std::span<const T> Weight(const std::string& name) const;
  ConvShape ShapeOf(const std::string& name, int stride) const;
  Tensor<T> Convolve(const std::string& name, const Tensor<T>& x, int stride) const;
  Tensor<T> ConvolveBackward(const std::string& name, const Tensor<T>& x, const Tensor<T>& dy,
                             int stride, std::vector<T>& gradient) const;
  Tensor<T> ForwardBlock(const std::string& name, const Tensor<T>& x, int stride);
  Tensor<T> ForwardStage(Stage stage, const Tensor<T>& x, int stride);
  Tensor<T> BackwardStage(Stage stage, Tensor<T> dy, int stride, std::vector<T>& gradient) const;
  Tensor<T> BackwardBlock(const std::string& name, const Tensor<T>& dy, int stride,
                          std::vector<T>& gradient) const;

  std::shared_ptr<const NetworkLayout> layout_;
  std::vector<T> weights_;
  Tensor<T> input_;
  std::map<std::string, Tensor<T>, std::less<>> activations_;
  std::map<std::string, BlockState> blocks_;
};

/// Adam as PyTorch computes it: with bias-corrected moments, and epsilon outside of the root.
template <typename T>
class Adam {
 public:
  Adam(size_t size, const AdamOptions& options)
      : options_(options), moment1_(size), moment2_(size) {}
  void Step(std::span<T> weights, std::span<const T> gradient);

 private:
  AdamOptions options_;
  std::vector<T> moment1_, moment2_;
  int steps_ = 0;
};

}  // namespace shadowtutor::nn::reference

#endif  // SHADOWTUTOR_NN_TESTING_REFERENCE_H_
