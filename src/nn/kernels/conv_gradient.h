// Gradient of a convolution with regard to its weights and bias.
#ifndef SHADOWTUTOR_NN_KERNELS_CONV_GRADIENT_H_
#define SHADOWTUTOR_NN_KERNELS_CONV_GRADIENT_H_

#include <span>

#include "nn/kernels/conv.h"
#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// The convolution whose gradient is asked for: `input` with `in` channels, read at `stride`
/// through `taps` (ForwardTaps), gave an output whose gradient is `output_gradient` with `out`
/// channels. Overwrites `oihw` ([out][in][kh][kw]) and `bias` ([out]).
void ConvolutionWeightGradient(const View& input, int stride, std::span<const Tap> taps,
                               const View& output_gradient, int kh, int kw, std::span<float> oihw,
                               std::span<float> bias, Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_CONV_GRADIENT_H_
