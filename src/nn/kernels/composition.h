// The last two convolutions of a block's long path, 1x3 and then 3x1, as one 3x3 convolution:
// nothing between them is non-linear. With weight2 [m][i][c] and weight3 [o][m][r], its kernel is
// K[o][i][r][c] = sum over m of weight3[o][m][r] * weight2[m][i][c].
//
// Thread safety: any thread, as long as working memory and outputs are not shared.
#ifndef SHADOWTUTOR_NN_KERNELS_COMPOSITION_H_
#define SHADOWTUTOR_NN_KERNELS_COMPOSITION_H_

#include <cstddef>
#include <span>

namespace shadowtutor::nn {

/// The working memory of ComposeKernel, and of SplitKernelGradient, in floats.
size_t ComposeFloats(int channels);
size_t SplitFloats(int channels);

/// Writes K to `oihw`. All convolutions have `channels` inputs and outputs. The result has the same
/// bits with every instruction set.
void ComposeKernel(std::span<const float> weight2, std::span<const float> weight3, int channels,
                   float* oihw, float* working);

/// The gradients of weight2 and weight3 from that of K (`oihw`), which they overwrite. Runs in
/// parallel.
void SplitKernelGradient(std::span<const float> weight2, std::span<const float> weight3,
                         int channels, const float* oihw, std::span<float> weight2_gradient,
                         std::span<float> weight3_gradient, float* working);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_COMPOSITION_H_
