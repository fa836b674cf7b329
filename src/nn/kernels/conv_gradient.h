// The gradient of a convolution with respect to its weights and bias.
#ifndef SHADOWTUTOR_NN_KERNELS_CONV_GRADIENT_H_
#define SHADOWTUTOR_NN_KERNELS_CONV_GRADIENT_H_

#include <span>

#include "nn/kernels/conv.h"
#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// Adds the gradient of a 1x1 convolution of one row of `pixels` pixels with respect to its weights
/// to `dw`: [tile of ConvTileWidth() outputs][input block][input in block][output in tile]. `in`
/// and `g` are [channel / 16][room][16], of which the first `pixels` pixels count. For use in other
/// kernels.
void PointwiseGradientRow(const float* in, int inputs, const float* g, int outputs, int pixels,
                          int room, float* dw);

/// Computes the gradients for a convolution that read `input` (with `in` channels) at `stride`
/// through `taps` (ForwardTaps), from the gradient of its output, `output_gradient` (with `out`
/// channels). Overwrites `oihw` ([out][in][kh][kw]) and `bias` ([out]).
void ConvolutionWeightGradient(const View& input, int stride, std::span<const Tap> taps,
                               const View& output_gradient, int kh, int kw, std::span<float> oihw,
                               std::span<float> bias, Scratch& scratch);

/// Sums of parts of a weight gradient, for use in other kernels: `chunks` of them, `step` floats
/// apart, each [tile of ConvTileWidth() outputs][input block][tap][input in block][output in tile].
struct PartialGradients {
  float* data;
  size_t step;
  int chunks;
};
/// Adds them up, in their order, and writes the sums to `oihw`, [out][in][kh][kw]. Overwrites the
/// first part.
void SumPartialGradients(const PartialGradients& partial, int out, int in, int kh, int kw,
                         std::span<const Tap> taps, std::span<float> oihw);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_CONV_GRADIENT_H_
