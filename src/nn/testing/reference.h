// The student network, its loss, gradients and Adam in plain loops, exactly as algorithm section 2
// says: the yardstick of the engine's tests. Instantiated for float and double.
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

#include "nn/learner.h"
#include "nn/network.h"
#include "nn/testing/reference_ops.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn::reference {

/// Loss and its gradient with regard to the parameters from a cut on, in the order of the weights.
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
  /// The checkpoint's floats, widened.
  explicit Network(const Checkpoint& student);

  const NetworkLayout& layout() const { return *layout_; }
  std::vector<T>& weights() { return weights_; }

  /// Runs the network. The input is the frame's BGR bytes minus their means.
  void Forward(ImageView frame);
  /// The last Forward's output of a stage: in_conv1, in_conv2, enc1..3, dec1..3, dec1_up..dec3_up,
  /// out_conv1, out_conv2, logits (at the frame's size). Throws Error kNotFound.
  const Tensor<T>& Activation(std::string_view name) const;
  /// Of the last Forward.
  LabelMap Labels() const { return ArgMax(Activation("logits")); }

  /// How near a ReLU's input came to 0 in the last Forward, from `cut` on, as a share of its
  /// tensor's largest magnitude. Closer than another computation's rounding, and the two may take
  /// different sides: their gradients then differ by a whole pixel's part.
  double KinkDistance(Stage cut) const;

  /// Loss of the last Forward against `label`, and the gradient of everything from `cut` on (the
  /// suffix of the whole gradient: a cut only leaves out what is frozen).
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

/// Adam as PyTorch computes it: bias-corrected moments, epsilon outside the root.
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
