// Bilinear resizing, align_corners=False, between any sizes.
#ifndef SHADOWTUTOR_NN_KERNELS_RESIZE_H_
#define SHADOWTUTOR_NN_KERNELS_RESIZE_H_

#include <vector>

#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// One axis of a bilinear resize that does not shrink: output i is
/// (1 - fraction[i]) in[low[i]] + fraction[i] in[high[i]].
struct ResizeAxis {
  int in = 0, out = 0;
  std::vector<int> low, high;
  std::vector<float> fraction;
  /// The transpose: input j is read by outputs [first[j], first[j + 1 and so on] up to last[j]).
  std::vector<int> first, last;

  ResizeAxis() = default;
  ResizeAxis(int in_size, int out_size);
  /// With what weight output `i` reads input `j`.
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

/// `out` has the plan's output size and `in`'s channels.
void Resize(const ResizePlan& plan, const View& in, const View& out);

/// The gradient to `in`, overwritten, from that to `out`.
void ResizeBackward(const ResizePlan& plan, const View& out_gradient, const View& in_gradient,
                    Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_RESIZE_H_
