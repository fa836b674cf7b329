// Weights in the order in which the kernels of the backward pass read them. Internal to nn/.
#ifndef SHADOWTUTOR_NN_BACKWARD_WEIGHTS_H_
#define SHADOWTUTOR_NN_BACKWARD_WEIGHTS_H_

#include <array>
#include <span>
#include <vector>

#include "nn/arithmetic.h"
#include "nn/kernels/conv.h"
#include "nn/kernels/matrix_conv.h"
#include "nn/kernels/scratch.h"
#include "nn/kernels/winograd.h"
#include "nn/network.h"
#include "nn/packed_weights.h"

namespace shadowtutor::nn {

/// A block's transposed weights, for the gradient with respect to its input.
struct BlockBackwardWeights {
  PackedConv short_path;
  PackedConv conv2, conv3;          // used in reference arithmetic
  WinogradConv long_fast;           // used in fast arithmetic: both, composed
  WinogradConv conv0_fast;          // used if the block's stride is 1
  std::array<PackedConv, 4> conv0;  // used if it is 2; index: 2 * row parity + column parity
  /// On the matrix unit, in place of the above; of conv0_matrix, the first if the stride is 1.
  MatrixConv short_matrix, long_matrix;
  std::array<MatrixConv, 4> conv0_matrix;
};

/// Allocates the memory that this arithmetic needs; call Repack to fill it.
BlockBackwardWeights MakeBackwardWeights(const BlockInfo& shape,
                                         Arithmetic arithmetic = Arithmetic::kReference);
/// Packs the transposed weights of the blocks of the stages from `first` on, in parallel. `weights`
/// holds all of the network's floats, and `forward` has been updated with them.
void Repack(std::span<const float> weights, const PackedWeights& forward, Stage first,
            std::span<BlockBackwardWeights> packed, Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_BACKWARD_WEIGHTS_H_
