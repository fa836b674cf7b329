// What the loss computes for one row of the frame at a time: probabilities, losses and gradients.
// Internal to the loss.
#ifndef SHADOWTUTOR_NN_KERNELS_LOSS_ROWS_H_
#define SHADOWTUTOR_NN_KERNELS_LOSS_ROWS_H_

#include <cstddef>
#include <cstdint>

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

/// One row of the frame with its logits, and those of its columns that count: first,
/// first + stride, ...
struct PixelRow {
  const float* logits;  // doubled: [class][step], blended; else [class][step], enlarged
  size_t step;
  int classes;
  bool doubled;  // whether the frame is exactly twice as wide as the logits
  int width;     // of the frame
  int stride, first;
  const uint8_t* label;  // FullRow entries; those past the frame have weight 0
  const float* weight;
  float* exponents;  // working memory, 32 floats per class
};

/// The slopes of the soft Jaccard loss along a pixel's probability of each class: of classes that
/// are not its label, and what the one that is has more.
struct JaccardSlopes {
  const float* other;
  const float* more;
};

/// What the loss of a row is computed with, and where its gradient goes. If doubled, to
/// [even, odd column][class][step], with margins, of which only those that count are written; else
/// to [class][step], one float for each column that counts.
struct RowLoss {
  float scale;  // factor of the gradient
  float* gradient;
  const JaccardSlopes* slopes;  // null: cross entropy alone
};

/// The sum of the weighted cross entropies of a row.
double LossOfRow(const PixelRow& row, const RowLoss& to);

/// Adds to total[probability, probability where it is the label, pixels of the label][class] what
/// the row's pixels of a weight other than 0 have. `sums` is working memory of 48 floats per class.
void AddProbabilitySums(const PixelRow& row, float* sums, double* total);

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

#endif  // SHADOWTUTOR_NN_KERNELS_LOSS_ROWS_H_
