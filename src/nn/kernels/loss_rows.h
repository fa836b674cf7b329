// What the loss computes for one row of the frame at a time: probabilities, losses and gradients.
// Internal to the loss.
#ifndef SHADOWTUTOR_NN_KERNELS_LOSS_ROWS_H_
#define SHADOWTUTOR_NN_KERNELS_LOSS_ROWS_H_

#include <cstddef>
#include <cstdint>

namespace shadowtutor::nn {

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

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_LOSS_ROWS_H_
