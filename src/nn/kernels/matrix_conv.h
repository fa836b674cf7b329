// Convolutions on the matrix unit (matrix_unit.h), as those of conv.h: activations and weights are
// rounded to bfloat16, the sums are in single precision. To be called only where HasMatrixUnit().
#ifndef SHADOWTUTOR_NN_KERNELS_MATRIX_CONV_H_
#define SHADOWTUTOR_NN_KERNELS_MATRIX_CONV_H_

#include <array>
#include <span>

#include "nn/kernels/conv.h"
#include "nn/kernels/norm.h"
#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// Weights as bfloat16 tiles: [block of outputs][32 inputs][tap][pair of inputs][output][2].
struct MatrixConv {
  int outputs = 0;  // rounded up to blocks; 0: not in use
  int inputs = 0;
  int taps = 0;
  Buffer weights;  // its bytes
};

/// Allocates the memory; fill it with RepackMatrix.
MatrixConv MakeMatrixConv(int outputs, int inputs, int taps);
/// Packs the weights `oihw`; the parameters are those of Repack (conv.h). `working` has room for
/// what that packs.
void RepackMatrix(std::span<const float> oihw, int out, int in, int kh, int kw,
                  std::span<const Tap> taps, bool transposed, float* working, MatrixConv& conv);

struct MatrixInput {
  View view;
  int stride = 1;
  std::span<const Tap> taps;  // at most 9, of at most one pixel
  const MatrixConv* weights = nullptr;
  const NormStatistics* norm = nullptr;  // the input is relu(norm(view)), which need not exist
};

/// The gradient of relu(norm(x)): zero where that is zero.
struct NormGate {
  View x;
  const NormStatistics* norm = nullptr;
  /// Gets the sums over all pixels of the gated gradient g and of g * (x - mean): [block][2][16].
  double* moments = nullptr;
};

/// What is done after the sum, in this order: bias, `add`, `relu`, `positive`, as in ConvExtras. Or
/// `gate`, and then none of the others.
struct MatrixExtras {
  const float* bias = nullptr;
  bool bias_by_row = false;  // as in WinogradExtras
  const View* add = nullptr;
  int add_stride = 1;
  const View* positive = nullptr;
  bool relu = false;
  const NormGate* gate = nullptr;
};

/// A part of an output's pixels, and one or two inputs that they are computed from.
struct MatrixPass {
  std::array<MatrixInput, 2> inputs;
  int count = 1;
  ConvOutput output;
};

/// Computes the whole output in one pass, or in one for each parity of rows and columns. Input
/// number i of all passes is the same but for taps and weights. Rows are computed in parallel. The
/// output must share no floats with an input, `add` or `positive`.
void ConvolveMatrix(std::span<const MatrixPass> passes, const MatrixExtras& extras,
                    Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_MATRIX_CONV_H_
