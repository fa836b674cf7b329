// The operations of the reference network in plain loops, forward and backward. Slow and simple on
// purpose: one function per formula of algorithm section 2. Instantiated for float and double. For
// tests and benchmarks only.
#ifndef SHADOWTUTOR_NN_TESTING_REFERENCE_OPS_H_
#define SHADOWTUTOR_NN_TESTING_REFERENCE_OPS_H_

#include <cstddef>
#include <span>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::nn::reference {

/// [channels][height][width], rows without gaps.
template <typename T>
struct Tensor {
  int channels = 0, height = 0, width = 0;
  std::vector<T> values;

  Tensor() = default;
  Tensor(int c, int h, int w)
      : channels(c), height(h), width(w), values(static_cast<size_t>(c) * h * w) {}
  T* row(int c, int y) { return values.data() + (static_cast<size_t>(c) * height + y) * width; }
  const T* row(int c, int y) const {
    return values.data() + (static_cast<size_t>(c) * height + y) * width;
  }
  size_t plane() const { return static_cast<size_t>(height) * width; }
};

/// The shape of a convolution, whose weights are [out][in][kernel_h][kernel_w]. The padding is half
/// the kernel, so that the output size is ceil(size / stride).
struct ConvShape {
  int out = 0, in = 0, kernel_h = 1, kernel_w = 1, stride = 1;
};

template <typename T>
Tensor<T> Conv(const Tensor<T>& x, std::span<const T> weight, std::span<const T> bias,
               const ConvShape& shape);
template <typename T>
struct ConvGradients {
  Tensor<T> x;
  std::vector<T> weight, bias;
};
/// Here and below, `dy` is the gradient with respect to the output.
template <typename T>
ConvGradients<T> ConvBackward(const Tensor<T>& x, std::span<const T> weight, const Tensor<T>& dy,
                              const ConvShape& shape);

/// Batch normalisation with the statistics of `x` itself: eps 1e-5, biased variance.
template <typename T>
Tensor<T> Norm(const Tensor<T>& x, std::span<const T> scale, std::span<const T> shift);
template <typename T>
struct NormGradients {
  Tensor<T> x;
  std::vector<T> scale, shift;
};
template <typename T>
NormGradients<T> NormBackward(const Tensor<T>& x, std::span<const T> scale, const Tensor<T>& dy);

template <typename T>
Tensor<T> Relu(const Tensor<T>& x);
/// `dy` where x > 0, else 0.
template <typename T>
Tensor<T> ReluBackward(const Tensor<T>& x, const Tensor<T>& dy);

/// Bilinear, align_corners=False: the centre of output pixel d lies at (d + 1/2) * in / out - 1/2.
template <typename T>
Tensor<T> Resize(const Tensor<T>& x, int height, int width);
/// `height` and `width` are those of the forward input.
template <typename T>
Tensor<T> ResizeBackward(const Tensor<T>& dy, int height, int width);

/// x[:, ::stride, ::stride]
template <typename T>
Tensor<T> Subsample(const Tensor<T>& x, int stride);
/// `height` and `width` are those of the forward input.
template <typename T>
Tensor<T> SubsampleBackward(const Tensor<T>& dy, int height, int width, int stride);

template <typename T>
Tensor<T> Concat(const Tensor<T>& a, const Tensor<T>& b);
/// Channels [first, first + count). Two calls are the backward pass of Concat.
template <typename T>
Tensor<T> Slice(const Tensor<T>& x, int first, int count);

/// a += b
template <typename T>
void AddTo(Tensor<T>& a, const Tensor<T>& b);

template <typename T>
struct LossGradient {
  T loss = 0;
  Tensor<T> logits;
};
/// Softmax cross entropy times a weight per pixel, averaged over all pixels.
template <typename T>
LossGradient<T> WeightedCrossEntropy(const Tensor<T>& logits, const LabelMap& label,
                                     std::span<const float> pixel_weight);
/// The soft Jaccard loss: the mean of 1 - I / U over the classes of the label, over pixels of a
/// weight other than 0.
template <typename T>
LossGradient<T> SoftJaccard(const Tensor<T>& logits, const LabelMap& label,
                            std::span<const float> pixel_weight);

/// The class of the largest logit of each pixel; the first if there are several.
template <typename T>
LabelMap ArgMax(const Tensor<T>& logits);

}  // namespace shadowtutor::nn::reference

#endif  // SHADOWTUTOR_NN_TESTING_REFERENCE_OPS_H_
