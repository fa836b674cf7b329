// The gradient of a 3x3 convolution at stride 1 with respect to its weights, at the points of
// Winograd's filtering F(4x4, 3x3): the transpose of winograd.h. With the input's tiles d and those
// of the output's gradient g, the weights' gradient is G^T [sum over tiles (B^T d B) (A g A^T)] G,
// which takes a quarter of the multiplications of the direct sum.
//
// The points +-2 enlarge rounding: the error is up to 2e-3 of the largest gradient, where the
// direct sum's (conv_gradient.h) is 1e-6.
#ifndef SHADOWTUTOR_NN_KERNELS_WINOGRAD_GRADIENT_H_
#define SHADOWTUTOR_NN_KERNELS_WINOGRAD_GRADIENT_H_

#include <span>

#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// As ConvolutionWeightGradient (conv_gradient.h) for a 3x3 convolution at stride 1. `input` has a
/// multiple of 16 channels.
void WinogradWeightGradient(const View& input, const View& output_gradient, std::span<float> oihw,
                            std::span<float> bias, Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_WINOGRAD_GRADIENT_H_
