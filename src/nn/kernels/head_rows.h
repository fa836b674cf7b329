// The rows that the kernels of the head work on: logits at half resolution with margins, and what
// belongs to a row of the frame. Internal to the head's kernels.
#ifndef SHADOWTUTOR_NN_KERNELS_HEAD_ROWS_H_
#define SHADOWTUTOR_NN_KERNELS_HEAD_ROWS_H_

#include <cstddef>

#include "nn/kernels/resize.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

constexpr int kMargin = 16;  // floats before a row, so that column -1 can be read

// The floats of a row at half resolution with margins.
inline size_t MarginRow(int half_width) {
  return kMargin + (static_cast<size_t>(half_width) + 15) / 16 * 16 + 16;
}
// The floats of a row at the frame's width.
inline size_t FullRow(int width) { return (static_cast<size_t>(width) + 31) / 32 * 32 + 32; }

// One or two rows of the frame that are blended from the same two rows of logits.
struct RowGroup {
  int low = 0, high = 0;  // rows of logits
  int count = 1;
  int y[2] = {};                   // rows of the frame
  float fraction[2] = {};          // of `high`
  const float* low_row = nullptr;  // of class 0
  const float* high_row = nullptr;
};

// Calls body(group) for the rows y among [y0, y1) with y % stride = phase. `logits` may be a strip;
// its first row is row `first_row` of all logits. The stride is 1 or 2.
template <typename Body>
void ForEachGroup(const ResizeAxis& axis, const LogitPlanes& logits, int first_row, int stride,
                  int phase, int y0, int y1, const Body& body) {
  for (int y = y0 + (phase + y0) % stride; y < y1;) {
    const auto at = static_cast<size_t>(y);
    RowGroup group;
    group.low = axis.low[at];
    group.high = axis.high[at];
    group.low_row = logits.row(0, group.low - first_row);
    group.high_row = logits.row(0, group.high - first_row);
    group.count = 0;
    for (; group.count < 2 && y < y1; y += stride) {
      const auto row = static_cast<size_t>(y);
      if (axis.low[row] != group.low || axis.high[row] != group.high) break;
      group.y[group.count] = y;
      group.fraction[group.count++] = axis.fraction[row];
    }
    body(group);
  }
}

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_HEAD_ROWS_H_
