// 3x3 convolutions at stride 1 by Winograd's minimal filtering F(4x4, 3x3): 36 multiplications for
// 16 outputs of a channel pair where the direct sum takes 144 (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2016).
//
// A tile of 6x6 inputs and the kernel are each taken through a linear transform to 36 points; there
// the convolution is a product of matrices, one per point, and the sums are taken back to 4x4
// outputs.
#ifndef SHADOWTUTOR_NN_KERNELS_WINOGRAD_H_
#define SHADOWTUTOR_NN_KERNELS_WINOGRAD_H_

#include <span>

#include "nn/kernels/conv.h"
#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// A 3x3 kernel at the 36 points, each packed like a 1x1 PackedConv.
struct WinogradConv {
  int outputs = 0;  // rounded up to blocks
  int inputs = 0;   // a multiple of 16
  Buffer weights;
};

WinogradConv MakeWinogradConv(int outputs, int inputs);
/// From the 3x3 kernel as Repack leaves it in `packed`; `taps` are the ones that it was packed
/// with.
void TransformWeights(const float* packed, std::span<const Tap> taps, WinogradConv& winograd);

struct WinogradExtras {
  /// Blocks(channels) * 16 floats, or four times as many, one set for each kind of row (bit 0: the
  /// first row, bit 1: the last).
  const float* bias = nullptr;
  bool bias_by_row = false;
  bool accumulate = false;    // added to what the output holds
  const View* add = nullptr;  // added, `add_stride` pixels per output pixel
  int add_stride = 1;
  const View* positive = nullptr;  // as in ConvExtras
  bool relu = false;
};

/// Whole output, in parallel. The output must not share floats with the input.
void ConvolveWinograd(const View& in, const WinogradConv& weights, const View& out,
                      const WinogradExtras& extras, Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_WINOGRAD_H_
