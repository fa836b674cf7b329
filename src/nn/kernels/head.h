// Logits at in_conv1's size to the frame's size, fused with what is wanted of them there: the label
// map, or the loss and its gradient. Full-resolution logits never exist as a whole.
#ifndef SHADOWTUTOR_NN_KERNELS_HEAD_H_
#define SHADOWTUTOR_NN_KERNELS_HEAD_H_

#include <cstdint>
#include <span>
#include <vector>

#include "nn/kernels/resize.h"
#include "nn/kernels/scratch.h"
#include "nn/kernels/tail_plan.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// in_conv1's size to the frame's.
struct HeadPlan {
  ResizePlan resize;
  InterpolationTable columns;
  bool doubled =
      false;  // the frame is exactly twice as wide: even and odd columns are two formulas
  HeadPlan() = default;
  HeadPlan(int half_height, int half_width, int height, int width)
      : resize(half_height, half_width, height, width),
        columns(resize.x, FloatLanes(), 1),
        doubled(width == 2 * half_width) {}
  int height() const { return resize.y.out; }
  int width() const { return resize.x.out; }
};

/// Working floats of ArgmaxRows.
size_t ArgmaxScratchFloats(const HeadPlan& plan, int classes);

/// Rows [y0, y1) of the label map: the class of the largest logit, the first of equals. `logits`
/// holds rows from `first_row` of the whole on.
void ArgmaxRows(const HeadPlan& plan, const LogitPlanes& logits, int first_row, int y0, int y1,
                uint8_t* labels, float* scratch);

/// Softmax cross entropy against `label`, times `pixel_weight`, averaged over all pixels;
/// overwrites the gradient with regard to the logits.
double WeightedCrossEntropy(const HeadPlan& plan, const LogitPlanes& logits, const uint8_t* label,
                            const float* pixel_weight, const LogitPlanes& gradient,
                            Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_HEAD_H_
