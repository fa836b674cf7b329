// Tables for the tail's kernels, computed once for each frame size.
#ifndef SHADOWTUTOR_NN_KERNELS_TAIL_PLAN_H_
#define SHADOWTUTOR_NN_KERNELS_TAIL_PLAN_H_

#include <cstddef>
#include <vector>

#include "nn/kernels/resize.h"
#include "nn/kernels/tail_weights.h"

namespace shadowtutor::nn {

/// A table for interpolating vectors of neighbouring outputs from one row. The inputs that a vector
/// needs lie close together, so the kernel loads them at once and picks them with a lane
/// permutation.
struct InterpolationTable {
  int lanes = 0;
  int vectors = 0;
  int shifts = 0;                              // for each shift: column out + shift - shifts / 2
  std::vector<int> base;                       // [vector][shift]: first input loaded
  std::vector<int> low, high;                  // [vector][shift][lane]: relative to base
  std::vector<float> low_weight, high_weight;  // 0 when the shifted column lies outside

  InterpolationTable() = default;
  InterpolationTable(const ResizeAxis& axis, int lanes, int shifts);
};

/// The transpose of InterpolationTable. The result for input i and shift s is the sum over taps j
/// of weights[j][i] * row[base[i] + j - s + shifts / 2]. If the output is exactly four times as
/// wide, base[i] is 4 i - 2, and whole vectors can be loaded instead of gathered.
struct GatherTable {
  static constexpr int kMaxTaps = 12;  // 10 are enough, as no axis grows more than fourfold
  static constexpr int kQuadrupledTaps = 8;
  static constexpr int kPlanes = kMaxTaps + kTailTaps - 1;
  int inputs = 0, taps = 0;
  bool quadrupled = false;
  size_t stride = 0;           // of weights: inputs rounded up to vectors, plus one vector
  std::vector<int> base;       // [stride]
  std::vector<float> weights;  // [tap][stride], 0 past the last input

  GatherTable() = default;
  GatherTable(const ResizeAxis& axis, size_t low_stride);
};

/// The number of floats in a vector of the instruction set in use.
int FloatLanes();

/// The plan of a tail: "low" is dec3's size, "high" is in_conv1's.
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
  /// Floats from one row of a low-resolution plane to the next: a row, rounded up, plus a vector.
  size_t low_stride() const { return (static_cast<size_t>(low_width()) + 15) / 16 * 16 + 16; }
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_TAIL_PLAN_H_
