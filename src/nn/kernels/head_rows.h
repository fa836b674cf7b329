// The rows that the kernels of the head work on: logits at half resolution with margins, and what
// belongs to a row of the frame. Internal to the head's kernels.
#ifndef SHADOWTUTOR_NN_KERNELS_HEAD_ROWS_H_
#define SHADOWTUTOR_NN_KERNELS_HEAD_ROWS_H_

#include <cstddef>

namespace shadowtutor::nn {

constexpr int kMargin = 16;  // floats before a row, so that column -1 can be read

// The floats of a row at half resolution with margins.
inline size_t MarginRow(int half_width) {
  return kMargin + (static_cast<size_t>(half_width) + 15) / 16 * 16 + 16;
}
// The floats of a row at the frame's width.
inline size_t FullRow(int width) { return (static_cast<size_t>(width) + 31) / 32 * 32 + 32; }

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_HEAD_ROWS_H_
