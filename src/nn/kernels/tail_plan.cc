#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/tail_plan.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>

#include "nn/kernels/tail_plan.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

int Lanes() { return kLanes; }

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(Lanes);

int FloatLanes() { return HWY_DYNAMIC_DISPATCH(Lanes)(); }

InterpolationTable::InterpolationTable(const ResizeAxis& axis, int lane_count, int shift_count)
    : lanes(lane_count), vectors((axis.out + lane_count - 1) / lane_count), shifts(shift_count) {
  for (int j = 0; j < vectors; ++j) {
    for (int s = 0; s < shifts; ++s) {
      const int start = j * lanes + s - shifts / 2;
      const auto inside = [&](int column) { return column >= 0 && column < axis.out; };
      const int first = std::clamp(start, 0, axis.out - 1);
      base.push_back(axis.low[static_cast<size_t>(first)]);
      for (int lane = 0; lane < lanes; ++lane) {
        const bool valid = inside(start + lane) && j * lanes + lane < axis.out;
        const auto column = static_cast<size_t>(valid ? start + lane : first);
        low.push_back(axis.low[column] - base.back());
        high.push_back(axis.high[column] - base.back());
        low_weight.push_back(valid ? 1.0f - axis.fraction[column] : 0.0f);
        high_weight.push_back(valid ? axis.fraction[column] : 0.0f);
      }
    }
  }
}

GatherTable::GatherTable(const ResizeAxis& axis, size_t low_stride)
    : inputs(axis.in), quadrupled(axis.out == 4 * axis.in), stride(low_stride), base(low_stride) {
  for (int i = 0; i < inputs; ++i) {
    const auto at = static_cast<size_t>(i);
    base[at] = quadrupled ? 4 * i - 2 : axis.first[at];
    taps = std::max(taps, axis.last[at] - base[at]);
  }
  if (quadrupled) taps = kQuadrupledTaps;
  weights.assign(static_cast<size_t>(taps) * stride, 0.0f);
  for (int i = 0; i < inputs; ++i) {
    for (int j = 0; j < taps; ++j) {
      const int x = base[static_cast<size_t>(i)] + j;
      if (x < 0 || x >= axis.out) continue;
      weights[static_cast<size_t>(j) * stride + static_cast<size_t>(i)] = axis.Weight(x, i);
    }
  }
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
