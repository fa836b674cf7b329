// The head: enlarges the logits from in_conv1's size to the frame's size and computes the label
// map, or the loss and its gradient, in one pass. The logits at full resolution are never stored.
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

struct LossOptions {
  /// The weight of the soft Jaccard loss beside the cross entropy; 0: cross entropy alone.
  double jaccard_weight = 0;
};

/// The loss: softmax cross entropy against `label`, times `pixel_weight`, averaged over all pixels;
/// plus `jaccard_weight` times the soft Jaccard loss, the mean of 1 - (soft intersection over
/// union) over the classes that occur in the label, for which all pixels of a weight other than 0
/// count the same (Rahman and Wang, 2016). With jaccard_weight 0 it is the cross entropy, bit for
/// bit. Overwrites `gradient` with the gradient with respect to `logits`.
double SegmentationLoss(const HeadPlan& plan, const LogitPlanes& logits, const uint8_t* label,
                        const float* pixel_weight, float jaccard_weight,
                        const LogitPlanes& gradient, Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_HEAD_H_
