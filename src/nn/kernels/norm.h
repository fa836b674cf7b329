// relu(norm(x)) with the statistics of the frame at hand, and its gradient (algorithm section 2:
// biased variance, eps 1e-5, learned scale and shift, no running statistics).
#ifndef SHADOWTUTOR_NN_KERNELS_NORM_H_
#define SHADOWTUTOR_NN_KERNELS_NORM_H_

#include <span>

#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

inline constexpr double kNormEpsilon = 1e-5;

/// What the forward pass leaves for the backward pass: one float per channel, whole blocks.
struct NormStatistics {
  Buffer mean, reciprocal_deviation;

  NormStatistics() = default;
  explicit NormStatistics(int channels)
      : mean(static_cast<size_t>(Blocks(channels) * kBlock)),
        reciprocal_deviation(static_cast<size_t>(Blocks(channels) * kBlock)) {}
};

/// p = max(0, (x - mean) / sqrt(variance + eps) * scale + shift). `p` may be `x` itself. Channels
/// that fill up the last block come out 0.
void NormRelu(const View& x, std::span<const float> scale, std::span<const float> shift,
              const View& p, NormStatistics& statistics, Scratch& scratch);

/// `g` is the gradient of the loss to p, already 0 where p is 0. Overwrites `scale_gradient` and
/// `shift_gradient`, and writes the gradient to the first `dx->channels` channels of x into `dx`
/// (or adds it there); dx may be null.
void NormReluBackward(const View& x, const View& g, std::span<const float> scale,
                      const NormStatistics& statistics, std::span<float> scale_gradient,
                      std::span<float> shift_gradient, const View* dx, bool accumulate,
                      Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_NORM_H_
