#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/head.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <cstring>

#include "nn/kernels/head.h"
#include "nn/kernels/head_rows-inl.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// The labels of a row at exactly twice the width. `labels` has room for a vector past the row's
// end.
void ArgmaxDoubled(const float* HWY_RESTRICT logits, size_t step, int classes, int half_width,
                   uint8_t* HWY_RESTRICT labels) {
  const DI di;
  const hn::Rebind<uint16_t, D> d16;
  for (int x = 0; x < half_width; x += kLanes) {
    const float* p = logits + kMargin + x;
    V best_even = Even(p), best_odd = Odd(p);
    VI even = hn::Zero(di), odd = even;
    for (int c = 1; c < classes; ++c) {
      p += step;
      const V e = Even(p), o = Odd(p);
      const VI index = hn::Set(di, c);
      even = hn::IfThenElse(hn::RebindMask(di, hn::Gt(e, best_even)), index, even);
      odd = hn::IfThenElse(hn::RebindMask(di, hn::Gt(o, best_odd)), index, odd);
      best_even = hn::Max(best_even, e);
      best_odd = hn::Max(best_odd, o);
    }
    HWY_ALIGN uint16_t pairs[kLanes];
    hn::StoreU(hn::DemoteTo(d16, hn::Or(even, hn::ShiftLeft<8>(odd))), d16, pairs);
    std::memcpy(labels + 2 * x, pairs, sizeof(pairs));
  }
}

void ArgmaxAny(const InterpolationTable& table, const float* HWY_RESTRICT logits, size_t step,
               int classes, uint8_t* HWY_RESTRICT labels) {
  const DI di;
  const hn::Rebind<uint8_t, DI> d8;
  for (int j = 0; j < table.vectors; ++j) {
    const float* p = logits + kMargin;
    V best = Interpolate(table, p, j);
    VI label = hn::Zero(di);
    for (int c = 1; c < classes; ++c) {
      p += step;
      const V v = Interpolate(table, p, j);
      label = hn::IfThenElse(hn::RebindMask(di, hn::Gt(v, best)), hn::Set(di, c), label);
      best = hn::Max(best, v);
    }
    HWY_ALIGN uint8_t bytes[kLanes];
    hn::StoreU(hn::DemoteTo(d8, label), d8, bytes);
    std::memcpy(labels + j * kLanes, bytes, sizeof(bytes));
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(BlendRows);
HWY_EXPORT(ArgmaxDoubled);
HWY_EXPORT(ArgmaxAny);

size_t ArgmaxScratchFloats(const HeadPlan& plan, int classes) {
  return 2 * MarginRow(plan.resize.x.in) * static_cast<size_t>(classes) + FullRow(plan.width());
}

void ArgmaxRows(const HeadPlan& plan, const LogitPlanes& logits, int first_row, int y0, int y1,
                uint8_t* labels, float* scratch) {
  const auto blend = HWY_DYNAMIC_DISPATCH(BlendRows);
  const auto doubled = HWY_DYNAMIC_DISPATCH(ArgmaxDoubled);
  const auto any = HWY_DYNAMIC_DISPATCH(ArgmaxAny);
  const int classes = logits.classes, half_width = plan.resize.x.in;
  const size_t step = MarginRow(half_width), row_floats = step * static_cast<size_t>(classes);
  const auto width = static_cast<size_t>(plan.width());
  auto* row = reinterpret_cast<uint8_t*>(scratch + 2 * row_floats);
  ForEachGroup(plan.resize.y, logits, first_row, 1, 0, y0, y1, [&](const RowGroup& group) {
    blend(group, logits.plane(), classes, half_width, step, scratch);
    for (int i = 0; i < group.count; ++i) {
      const float* blended = scratch + static_cast<size_t>(i) * row_floats;
      if (plan.doubled) {
        doubled(blended, step, classes, half_width, row);
      } else {
        any(plan.columns, blended, step, classes, row);
      }
      std::memcpy(labels + static_cast<size_t>(group.y[i]) * width, row, width);
    }
  });
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
