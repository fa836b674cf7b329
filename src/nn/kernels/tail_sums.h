// Sums that both the tail's forward and backward pass use. Internal to the tail.
#ifndef SHADOWTUTOR_NN_KERNELS_TAIL_SUMS_H_
#define SHADOWTUTOR_NN_KERNELS_TAIL_SUMS_H_

#include <cstddef>

#include "nn/kernels/tail_weights.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// One term of a weighted sum of rows.
struct Term {
  const float* row;
  float weight;
};
/// out[i] = sum over the terms of weight * row[i], for `count` floats.
void WeightedSum(const Term* terms, int count_terms, size_t count, float* out);

/// to[column * to_step + row] = from[row * from_step + column]
void Transpose(const float* from, size_t from_step, int rows, int columns, float* to,
               size_t to_step);

/// Copies row y of dec3 to `to` as [channel][stride].
inline void PlanarRow(const View& dec3, int y, size_t stride, float* to) {
  for (int b = 0; b < dec3.blocks(); ++b) {
    Transpose(dec3.at(b, y, 0), kBlock, dec3.width, kBlock,
              to + static_cast<size_t>(b * kBlock) * stride, stride);
  }
}

/// The rows of the logits' gradient that the taps of a low row read, if that row lies so far inside
/// that it is blended into 8 high rows.
struct TapRows {
  static constexpr int kWeights = 8;
  static constexpr int kRows = kWeights + kTailTaps - 1;
  const float* row[kRows];
  float weight[kWeights];
};
/// out[ty * out_step + i] = sum over j of weight[j] * row[j + 4 - ty][i], for `count` floats.
void SumTaps(const TapRows& rows, size_t count, size_t out_step, float* out);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_TAIL_SUMS_H_
