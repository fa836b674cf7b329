// 3x3 convolutions at stride 1 by Winograd's minimal filtering F(4x4, 3x3): 36 multiplications for
// 16 outputs of a channel pair where the direct sum takes 144 (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2016).
//
// Linear transforms turn each tile of 6x6 inputs, and the kernel, into 36 points each. At each
// point the convolution is a matrix product over channels. Another linear transform turns the 36
// results into 4x4 outputs.
#ifndef SHADOWTUTOR_NN_KERNELS_WINOGRAD_H_
#define SHADOWTUTOR_NN_KERNELS_WINOGRAD_H_

#include <span>

#include "nn/kernels/conv.h"
#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// A 3x3 kernel, transformed to the 36 points; each point is packed like a 1x1 PackedConv. Points
/// are PointStep(outputs * inputs) floats apart (winograd_tiles.h).
struct WinogradConv {
  int outputs = 0;  // rounded up to blocks
  int inputs = 0;   // a multiple of 16
  Buffer weights;
};

/// Allocates the memory; fill it with RepackWinograd or TransformWeights.
WinogradConv MakeWinogradConv(int outputs, int inputs);
/// Transforms a 3x3 kernel that Repack (conv.h) has packed into `packed` with these `taps`.
void TransformWeights(const float* packed, std::span<const Tap> taps, WinogradConv& winograd);
/// Packs and transforms the weights `oihw`; the parameters are those of Repack. `working` has room
/// for the packed weights.
void RepackWinograd(std::span<const float> oihw, int out, int in, std::span<const Tap> taps,
                    bool transposed, float* working, WinogradConv& winograd);

struct WinogradExtras {
  /// Blocks(channels) * 16 floats. With `bias_by_row`, four such sets, one for each kind of row:
  /// bit 0 of the index is set for the first row, bit 1 for the last.
  const float* bias = nullptr;
  bool bias_by_row = false;
  bool accumulate = false;         // the result is added to the present output
  const View* add = nullptr;       // added to the result
  int add_stride = 1;              // pixels of `add` per output pixel
  const View* positive = nullptr;  // as in ConvExtras
  bool relu = false;
};

/// Computes the whole output, tiles in parallel. The output must not share floats with the input.
void ConvolveWinograd(const View& in, const WinogradConv& weights, const View& out,
                      const WinogradExtras& extras, Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_WINOGRAD_H_
