// Enlarging logits to rows of the frame for the loss, and the transpose, for their gradient.
// Internal to the loss.
#ifndef SHADOWTUTOR_NN_KERNELS_LOSS_RESIZE_H_
#define SHADOWTUTOR_NN_KERNELS_LOSS_RESIZE_H_

#include <cstddef>

#include "nn/kernels/head_rows.h"
#include "nn/kernels/tail_plan.h"

namespace shadowtutor::nn {

/// Blends a group's logits: out[row][class][step] with margins, as in MarginRow. What lies past a
/// row's end is finite. `plane` is the floats from one class to the next in the logits.
void BlendGroup(const RowGroup& group, size_t plane, int classes, int half_width, size_t step,
                float* out);

/// Enlarges the blended logits of a row to any width: out[class][full].
void EnlargeRow(const InterpolationTable& table, const float* blended, size_t step, int classes,
                size_t full, float* out);

/// The gradient of a group's rows on its way to the gradient of the logits.
struct GroupGradient {
  int classes, half_width, count;
  bool doubled;
  int stride, first;  // of the columns that count
  float* rows[2];  // doubled: as in RowLoss; else at half resolution, [class][step], with margins
  size_t step;
  float low_weight[2] = {}, high_weight[2] = {};
  // The rows of class 0 that it is added to, `plane` floats before those of class 1; null: none.
  float* low = nullptr;
  float* high = nullptr;
  bool start_low = false, start_high = false;  // whether what is there is overwritten
  size_t plane = 0;
};

/// Transposes blending and, if doubled, doubling.
void AddHalved(const GroupGradient& gradient);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_LOSS_RESIZE_H_
