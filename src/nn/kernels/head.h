// The head: enlarges the logits from in_conv1's size to the frame's size and computes the label map
// in one pass. The logits at full resolution are never stored. The loss is in loss.h.
#ifndef SHADOWTUTOR_NN_KERNELS_HEAD_H_
#define SHADOWTUTOR_NN_KERNELS_HEAD_H_

#include <cstdint>
#include <span>
#include <vector>

#include "nn/kernels/resize.h"
#include "nn/kernels/scratch.h"
#include "nn/kernels/tail_plan.h"
#include "nn/kernels/tensor.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// The plan for enlarging logits from in_conv1's size to the frame's.
struct HeadPlan {
  ResizePlan resize;
  InterpolationTable columns;
  bool doubled =
      false;  // whether the frame is exactly twice as wide, for which there is faster code
  HeadPlan() = default;
  HeadPlan(int half_height, int half_width, int height, int width)
      : resize(half_height, half_width, height, width),
        columns(resize.x, FloatLanes(), 1),
        doubled(width == 2 * half_width) {}
  int height() const { return resize.y.out; }
  int width() const { return resize.x.out; }
};

/// The working memory of ArgmaxRows, in floats.
size_t ArgmaxScratchFloats(const HeadPlan& plan, int classes);

/// Computes rows [y0, y1) of the label map: the class of the largest logit, the first if there are
/// several. `logits` may be a strip; its first row is row `first_row` of all logits. `labels` is
/// the whole map.
void ArgmaxRows(const HeadPlan& plan, const LogitPlanes& logits, int first_row, int y0, int y1,
                uint8_t* labels, float* scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_HEAD_H_
