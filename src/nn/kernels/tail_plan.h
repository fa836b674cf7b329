// What the tail's kernels need to know of a shape, computed once for each frame size.
#ifndef SHADOWTUTOR_NN_KERNELS_TAIL_PLAN_H_
#define SHADOWTUTOR_NN_KERNELS_TAIL_PLAN_H_

#include <cstddef>
#include <vector>

#include "nn/kernels/resize.h"
#include "nn/kernels/tail_weights.h"

namespace shadowtutor::nn {

/// How vectors of neighbouring outputs are interpolated from one row: the inputs that a vector
/// needs lie close together, so it loads them at once and picks with a lane permutation.
struct InterpolationTable {
  int lanes = 0;
  int vectors = 0;
  int shifts = 0;                              // columns are out + shift - shifts / 2
  std::vector<int> base;                       // [vector][shift]: first input loaded
  std::vector<int> low, high;                  // [vector][shift][lane]: relative to base
  std::vector<float> low_weight, high_weight;  // 0 where the shifted column lies outside

  InterpolationTable() = default;
  InterpolationTable(const ResizeAxis& axis, int lanes, int shifts);
};

/// The transpose of InterpolationTable, for input i and shift s: the sum over taps j of
/// weights[j][i] * row[base[i] + j - s + shifts / 2]. Where the output is exactly four times as
/// wide, base is 4 i - 2 and whole vectors can be loaded instead of gathered.
struct GatherTable {
  static constexpr int kMaxTaps = 12;  // at most 10 where no axis grows more than fourfold
  static constexpr int kPlanes = kMaxTaps + kTailTaps - 1;
  int inputs = 0, taps = 0;
  bool quadrupled = false;
  size_t stride = 0;           // of weights: inputs, rounded up to vectors, and one more
  std::vector<int> base;       // [stride]
  std::vector<float> weights;  // [tap][stride], 0 past the last input

  GatherTable() = default;
  GatherTable(const ResizeAxis& axis, size_t low_stride);
};

/// Floats in a vector of the instruction set in force.
int FloatLanes();

/// Planar logits: [class][row][stride] floats with room past each row's end.
struct LogitPlanes {
  float* data = nullptr;
  int classes = 0, height = 0, width = 0;
  size_t stride() const { return (static_cast<size_t>(width) + 15) / 16 * 16 + 16; }
  size_t plane() const { return stride() * static_cast<size_t>(height); }
  size_t floats() const { return plane() * static_cast<size_t>(classes); }
  float* row(int c, int y) const {
    return data + static_cast<size_t>(c) * plane() + static_cast<size_t>(y) * stride();
  }
};

/// The shape of one tail: dec3's size to in_conv1's.
struct TailPlan {
  ResizePlan resize;
  InterpolationTable columns;
  GatherTable gather;
  TailPlan() = default;
  TailPlan(int low_height, int low_width, int high_height, int high_width)
      : resize(low_height, low_width, high_height, high_width),
        columns(resize.x, FloatLanes(), kTailTaps),
        gather(resize.x, low_stride()) {}
  int low_height() const { return resize.y.in; }
  int low_width() const { return resize.x.in; }
  int high_height() const { return resize.y.out; }
  int high_width() const { return resize.x.out; }
  /// Floats between rows of low-resolution planes: the row and a vector more.
  size_t low_stride() const { return (static_cast<size_t>(low_width()) + 15) / 16 * 16 + 16; }
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_TAIL_PLAN_H_
