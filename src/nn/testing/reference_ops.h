// The student's operations in plain loops, forward and backward: what the engine is compared with.
//
// Slow and simple on purpose, one function per formula of algorithm section 2. Instantiated for
// float and double. Tests and benchmarks only.
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

/// Weights are [out][in][kernel_h][kernel_w]. Padding is half the kernel, so that stride 1 keeps
/// the size and stride s gives ceil(size / s).
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
/// `dy` is the gradient of the output; so in every function below.
template <typename T>
ConvGradients<T> ConvBackward(const Tensor<T>& x, std::span<const T> weight, const Tensor<T>& dy,
                              const ConvShape& shape);

/// Batch normalisation with the statistics of the tensor at hand: eps 1e-5, biased variance.
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
/// Nothing flows where x <= 0.
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
/// Channels [first, first + count): the backward pass of Concat, once for each half.
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
/// Softmax cross entropy times a weight per pixel, over the number of pixels.
template <typename T>
LossGradient<T> WeightedCrossEntropy(const Tensor<T>& logits, const LabelMap& label,
                                     std::span<const float> pixel_weight);

/// Class of the largest logit, the first of equals.
template <typename T>
LabelMap ArgMax(const Tensor<T>& logits);

}  // namespace shadowtutor::nn::reference

#endif  // SHADOWTUTOR_NN_TESTING_REFERENCE_OPS_H_
