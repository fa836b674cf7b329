// The gradients of convolutions' weights on the matrix unit (matrix_unit.h), as those of
// conv_gradient.h: activations and gradients are rounded to bfloat16, the sums over pixels are in
// single precision. To be called only where HasMatrixUnit().
#ifndef SHADOWTUTOR_NN_KERNELS_MATRIX_GRADIENT_H_
#define SHADOWTUTOR_NN_KERNELS_MATRIX_GRADIENT_H_

#include <span>

#include "nn/kernels/conv.h"
#include "nn/kernels/norm.h"
#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// As ConvolutionWeightGradient (conv_gradient.h). With `norm`, the convolution read
/// relu(norm(input)).
void MatrixWeightGradient(const View& input, const NormStatistics* norm, int stride,
                          std::span<const Tap> taps, const View& output_gradient, int kh, int kw,
                          std::span<float> oihw, std::span<float> bias, Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_MATRIX_GRADIENT_H_
