// dec3's output to logits at in_conv1's size, and back: the arithmetic of tail_weights.h.
#ifndef SHADOWTUTOR_NN_KERNELS_TAIL_H_
#define SHADOWTUTOR_NN_KERNELS_TAIL_H_

#include <cstddef>
#include <vector>

#include "nn/kernels/scratch.h"
#include "nn/kernels/tail_plan.h"
#include "nn/kernels/tail_weights.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// Working floats of TailRows.
size_t TailScratchFloats(const TailPlan& plan, const TailWeights& weights);

/// Rows [y0, y1) of the logits into `logits`, whose first row is row `first_row` of the whole.
void TailRows(const TailPlan& plan, const TailWeights& weights, const View& dec3, int y0, int y1,
              const LogitPlanes& logits, int first_row, float* scratch);

/// From the gradient of the logits (all rows): that of the maps and of the bias (see
/// TailWeights::Backward), and of dec3 unless it is null.
void TailBackward(const TailPlan& plan, const TailWeights& weights, const View& dec3,
                  const LogitPlanes& logits_gradient, TailMaps& map_gradient,
                  std::vector<float>& bias_gradient, const View* dec3_gradient, Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_TAIL_H_
