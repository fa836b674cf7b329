// Enlarging rows of logits from in_conv1's size to the frame's, for the kernels of the head.
// Included once per instruction set, as vectors-inl.h.
#if defined(SHADOWTUTOR_NN_KERNELS_HEAD_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SHADOWTUTOR_NN_KERNELS_HEAD_ROWS_INL_H_
#undef SHADOWTUTOR_NN_KERNELS_HEAD_ROWS_INL_H_
#else
#define SHADOWTUTOR_NN_KERNELS_HEAD_ROWS_INL_H_
#endif

#include <hwy/highway.h>

#include "nn/kernels/head_rows.h"
#include "nn/kernels/resize.h"
#include "nn/kernels/tail_plan.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

using DI = hn::RebindToSigned<D>;
using VI = hn::Vec<DI>;

// Blends a group's logits: out[row][class][step] with margins, as in MarginRow, in which the first
// and the last value are repeated, the last also up to a whole vector. `plane` is the floats from
// one class to the next in the logits.
inline void BlendRows(const RowGroup& group, size_t plane, int classes, int half_width, size_t step,
                      float* HWY_RESTRICT out) {
  const D d;
  const int padded = (half_width + 15) / 16 * 16;
  const bool two = group.count == 2;
  const V f0 = hn::Set(d, group.fraction[0]), rest0 = hn::Set(d, 1.0f - group.fraction[0]);
  const V f1 = hn::Set(d, group.fraction[1]), rest1 = hn::Set(d, 1.0f - group.fraction[1]);
  for (int c = 0; c < classes; ++c) {
    const float* top = group.low_row + static_cast<size_t>(c) * plane;
    const float* bottom = group.high_row + static_cast<size_t>(c) * plane;
    float* HWY_RESTRICT first = out + static_cast<size_t>(c) * step + kMargin;
    float* HWY_RESTRICT second = first + static_cast<size_t>(classes) * step;
    for (int x = 0; x < half_width; x += kLanes) {
      const V a = hn::LoadU(d, top + x), b = hn::LoadU(d, bottom + x);
      hn::StoreU(hn::MulAdd(b, f0, hn::Mul(a, rest0)), d, first + x);
      if (two) hn::StoreU(hn::MulAdd(b, f1, hn::Mul(a, rest1)), d, second + x);
    }
    first[-1] = first[0];
    for (int x = half_width; x <= padded; ++x) first[x] = first[half_width - 1];
    if (!two) continue;
    second[-1] = second[0];
    for (int x = half_width; x <= padded; ++x) second[x] = second[half_width - 1];
  }
}

// The columns 2x and 2x + 1 of a row that is enlarged to exactly twice the width.
HWY_INLINE V Even(const float* p) {
  const D d;
  return hn::MulAdd(hn::LoadU(d, p - 1), hn::Set(d, 0.25f),
                    hn::Mul(hn::LoadU(d, p), hn::Set(d, 0.75f)));
}
HWY_INLINE V Odd(const float* p) {
  const D d;
  return hn::MulAdd(hn::LoadU(d, p + 1), hn::Set(d, 0.25f),
                    hn::Mul(hn::LoadU(d, p), hn::Set(d, 0.75f)));
}

// Vector `j` of the columns of a row that is enlarged to any width.
HWY_INLINE V Interpolate(const InterpolationTable& table, const float* row, int j) {
  const D d;
  [[maybe_unused]] const DI di;
  const size_t entry = static_cast<size_t>(j), at = entry * kLanes;
  const float* in = row + table.base[entry];
#if HWY_TARGET == HWY_SCALAR
  const V low = hn::LoadU(d, in + table.low[at]);
  const V high = hn::LoadU(d, in + table.high[at]);
#else
  const V near = hn::LoadU(d, in);
  const V low =
      hn::TableLookupLanes(near, hn::IndicesFromVec(d, hn::LoadU(di, table.low.data() + at)));
  const V high =
      hn::TableLookupLanes(near, hn::IndicesFromVec(d, hn::LoadU(di, table.high.data() + at)));
#endif
  return hn::MulAdd(high, hn::LoadU(d, table.high_weight.data() + at),
                    hn::Mul(low, hn::LoadU(d, table.low_weight.data() + at)));
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
