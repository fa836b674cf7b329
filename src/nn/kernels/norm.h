// relu(norm(x)) and its gradient. The norm uses the statistics of the current frame (algorithm
// section 2: biased variance, eps 1e-5, learned scale and shift, no running statistics).
#ifndef SHADOWTUTOR_NN_KERNELS_NORM_H_
#define SHADOWTUTOR_NN_KERNELS_NORM_H_

#include <span>

#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

inline constexpr double kNormEpsilon = 1e-5;

/// A frame's statistics, and what they make of the norm: max(0, multiplier * x + offset). One float
/// per channel, rounded up to whole blocks; 0 for the unused channels.
struct NormStatistics {
  Buffer mean, reciprocal_deviation;
  Buffer multiplier, offset;

  NormStatistics() = default;
  explicit NormStatistics(int channels)
      : mean(static_cast<size_t>(Blocks(channels) * kBlock)),
        reciprocal_deviation(static_cast<size_t>(Blocks(channels) * kBlock)),
        multiplier(static_cast<size_t>(Blocks(channels) * kBlock)),
        offset(static_cast<size_t>(Blocks(channels) * kBlock)) {}
};

/// Computes the statistics of x.
void ComputeNorm(const View& x, std::span<const float> scale, std::span<const float> shift,
                 NormStatistics& statistics, Scratch& scratch);

/// p = max(0, (x - mean) / sqrt(variance + eps) * scale + shift). `p` may be `x` itself. The unused
/// channels of the last block become 0.
void NormRelu(const View& x, std::span<const float> scale, std::span<const float> shift,
              const View& p, NormStatistics& statistics, Scratch& scratch);

/// The gradient of NormRelu. `g` is the gradient with respect to p and is already 0 where p is 0.
/// Overwrites `scale_gradient` and `shift_gradient`. The gradient with respect to the first
/// `dx->channels` channels of x is written to `dx`, or added to it if `accumulate`; `dx` may be
/// null. `moments`, [block][2][16], are the sums over all pixels of g and of g * (x - mean), if
/// they are known already.
void NormReluBackward(const View& x, const View& g, std::span<const float> scale,
                      const NormStatistics& statistics, std::span<float> scale_gradient,
                      std::span<float> shift_gradient, const View* dx, bool accumulate,
                      Scratch& scratch, const double* moments = nullptr);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_NORM_H_
