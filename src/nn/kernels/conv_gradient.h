// The gradient of a convolution with respect to its weights and bias.
#ifndef SHADOWTUTOR_NN_KERNELS_CONV_GRADIENT_H_
#define SHADOWTUTOR_NN_KERNELS_CONV_GRADIENT_H_

#include <span>

#include "nn/kernels/conv.h"
#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// Computes the gradients for a convolution that read `input` (with `in` channels) at `stride`
/// through `taps` (ForwardTaps), from the gradient of its output, `output_gradient` (with `out`
/// channels). Overwrites `oihw` ([out][in][kh][kw]) and `bias` ([out]).
void ConvolutionWeightGradient(const View& input, int stride, std::span<const Tap> taps,
                               const View& output_gradient, int kh, int kw, std::span<float> oihw,
                               std::span<float> bias, Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_CONV_GRADIENT_H_
