// The loss and its gradient, from logits at in_conv1's size and a label at the frame's, in one pass
// that enlarges the logits; with the soft Jaccard loss in two. The logits at full resolution are
// never stored.
#ifndef SHADOWTUTOR_NN_KERNELS_LOSS_H_
#define SHADOWTUTOR_NN_KERNELS_LOSS_H_

#include <cstdint>

#include "nn/kernels/head.h"
#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

struct LossOptions {
  /// The weight of the soft Jaccard loss beside the cross entropy; 0: cross entropy alone.
  double jaccard_weight = 0;
  /// 1: the loss is taken over all pixels. 2: over those of every second row and column, which are
  /// others at each of four successive steps.
  int pixel_stride = 1;
};

/// The pixels that a loss is taken over: those at (dx + i stride, dy + j stride). All of them if
/// that would be none.
struct PixelSample {
  int stride = 1;  // 1 or 2
  int dx = 0, dy = 0;
};
/// The pixels of a learner's step after `step` steps of Adam.
PixelSample SampleOf(const LossOptions& options, int64_t step);

/// The loss: softmax cross entropy against `label`, times `pixel_weight` (null: all 1), averaged
/// over the pixels of `sample`; plus `jaccard_weight` times the soft Jaccard loss, the mean of 1 -
/// (soft intersection over union) over the classes that occur in these pixels' labels, for which
/// all pixels of a weight other than 0 count the same (Rahman and Wang, 2016). With jaccard_weight
/// 0 it is the cross entropy, bit for bit. Overwrites `gradient` with the gradient with respect to
/// `logits`.
double SegmentationLoss(const HeadPlan& plan, const LogitPlanes& logits, const uint8_t* label,
                        const float* pixel_weight, float jaccard_weight, PixelSample sample,
                        const LogitPlanes& gradient, Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_LOSS_H_
