// The tail: computes logits at in_conv1's size from dec3's output, and the gradient. tail_weights.h
// explains the arithmetic.
#ifndef SHADOWTUTOR_NN_KERNELS_TAIL_H_
#define SHADOWTUTOR_NN_KERNELS_TAIL_H_

#include <cstddef>
#include <vector>

#include "nn/kernels/scratch.h"
#include "nn/kernels/tail_plan.h"
#include "nn/kernels/tail_weights.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// The working memory of TailRows, in floats.
size_t TailScratchFloats(const TailPlan& plan, const TailWeights& weights);

/// Computes rows [y0, y1) of the logits. `logits` may be a strip; its first row is row `first_row`
/// of all logits. Returns what a call for the rows from y1 on, with the same scratch, may take as
/// `resume`, so that it does not compute again what is still there.
int TailRows(const TailPlan& plan, const TailWeights& weights, const View& dec3, int y0, int y1,
             const LogitPlanes& logits, int first_row, float* scratch, int resume = -1);

/// From the gradient of all logits, computes the gradients of the maps and of the bias (see
/// TailWeights::Backward) and, unless `dec3_gradient` is null, that of dec3's output.
void TailBackward(const TailPlan& plan, const TailWeights& weights, const View& dec3,
                  const LogitPlanes& logits_gradient, TailMaps& map_gradient,
                  std::vector<float>& bias_gradient, const View* dec3_gradient, Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_TAIL_H_
