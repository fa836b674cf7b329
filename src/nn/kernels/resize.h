// Bilinear enlargement (align_corners=False) by any factor, and its gradient.
#ifndef SHADOWTUTOR_NN_KERNELS_RESIZE_H_
#define SHADOWTUTOR_NN_KERNELS_RESIZE_H_

#include <vector>

#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// One axis of a bilinear resize, whose output is at least as large as its input. Output i is
/// (1 - fraction[i]) * in[low[i]] + fraction[i] * in[high[i]].
struct ResizeAxis {
  int in = 0, out = 0;
  std::vector<int> low, high;
  std::vector<float> fraction;
  /// The transpose: input j is read by the outputs [first[j], last[j]).
  std::vector<int> first, last;

  ResizeAxis() = default;
  ResizeAxis(int in_size, int out_size);
  /// The weight of input `j` in output `i`.
  float Weight(int i, int j) const {
    const auto at = static_cast<size_t>(i);
    float weight = 0;
    if (low[at] == j) weight += 1.0f - fraction[at];
    if (high[at] == j) weight += fraction[at];
    return weight;
  }
};

struct ResizePlan {
  ResizeAxis y, x;
  ResizePlan() = default;
  ResizePlan(int in_height, int in_width, int out_height, int out_width)
      : y(in_height, out_height), x(in_width, out_width) {}
};

/// Resizes `in` to `out`, which has the plan's output size and the channels of `in`.
void Resize(const ResizePlan& plan, const View& in, const View& out);

/// The gradient of Resize: overwrites `in_gradient` from `out_gradient`.
void ResizeBackward(const ResizePlan& plan, const View& out_gradient, const View& in_gradient,
                    Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_RESIZE_H_
