// The backward pass through one residual block. Internal to nn/.
#ifndef SHADOWTUTOR_NN_BACKWARD_BLOCK_H_
#define SHADOWTUTOR_NN_BACKWARD_BLOCK_H_

#include "nn/backward_weights.h"
#include "nn/backward_workspace.h"
#include "nn/forward.h"
#include "nn/packed_weights.h"

namespace shadowtutor::nn {

/// What the gradients of a block are computed from.
struct BlockPass {
  BlockParameters<const float> parameters;
  const BlockWeights& weights;
  const BlockBackwardWeights& transposed;  // of the arithmetic to use
  const BlockActivations& activations;
};

/// Computes the gradient of a block's parameters, from `g.out`, and, when `g.x` has memory, that of
/// its input, which is added to `g.x` if `accumulate`, and overwrites it otherwise.
void BackwardBlock(const BlockPass& pass, const BackwardWorkspace::Block& g, bool accumulate,
                   const BlockParameters<float>& gradient, Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_BACKWARD_BLOCK_H_
