#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/loss_resize.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "nn/kernels/head_rows-inl.h"
#include "nn/kernels/loss_resize.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

void Enlarge(const InterpolationTable& table, const float* blended, size_t step, int classes,
             size_t full, float* HWY_RESTRICT out) {
  const D d;
  for (int c = 0; c < classes; ++c) {
    const float* from = blended + static_cast<size_t>(c) * step + kMargin;
    float* HWY_RESTRICT to = out + static_cast<size_t>(c) * full;
    for (int j = 0; j < table.vectors; ++j) {
      hn::StoreU(Interpolate(table, from, j), d, to + j * kLanes);
    }
  }
}

// How a row of a group's gradient is turned into one at half resolution.
enum class Halving { kNone, kBoth, kEven, kOdd };

// Vector x of a row's gradient at half resolution: the transpose of doubling a row, of which all
// columns count, or the even or odd ones. Without the share of the row's ends.
template <Halving kHalving>
HWY_INLINE V Halved(const float* row, size_t parity, int x) {
  const D d;
  const V near = hn::Set(d, 0.75f), far = hn::Set(d, 0.25f);
  const float* even = row + x;
  const float* odd = even + parity;
  if constexpr (kHalving == Halving::kNone) return hn::LoadU(d, even);
  if constexpr (kHalving == Halving::kEven) {
    return hn::MulAdd(hn::LoadU(d, even), near, hn::Mul(hn::LoadU(d, even + 1), far));
  }
  if constexpr (kHalving == Halving::kOdd) {
    return hn::MulAdd(hn::LoadU(d, odd), near, hn::Mul(hn::LoadU(d, odd - 1), far));
  }
  const V close = hn::Add(hn::LoadU(d, even), hn::LoadU(d, odd));
  const V apart = hn::Add(hn::LoadU(d, even + 1), hn::LoadU(d, odd - 1));
  return hn::MulAdd(close, near, hn::Mul(apart, far));
}

// What a group's gradient is added to, for one class.
struct HalvedRow {
  float* to;  // null: nothing
  const float* weights;
  bool start;
  HWY_INLINE void Add(V h0, V h1, bool two, int x) const {
    const D d;
    V sum = start ? hn::Zero(d) : hn::LoadU(d, to + x);
    sum = hn::MulAdd(hn::Set(d, weights[0]), h0, sum);
    if (two) sum = hn::MulAdd(hn::Set(d, weights[1]), h1, sum);
    hn::StoreU(sum, d, to + x);
  }
};

template <Halving kHalving>
HWY_INLINE void AddRows(const GroupGradient& g, const float* const* rows, const HalvedRow& low,
                        const HalvedRow& high) {
  const D d;
  const size_t parity = static_cast<size_t>(g.classes) * g.step;
  const bool two = g.count == 2;
  for (int x = 0; x < g.half_width; x += kLanes) {
    const V h0 = Halved<kHalving>(rows[0], parity, x);
    const V h1 = two ? Halved<kHalving>(rows[1], parity, x) : hn::Zero(d);
    if (low.to) low.Add(h0, h1, two, x);
    if (high.to) high.Add(h0, h1, two, x);
  }
  // Doubling repeats the first and last value beyond the row.
  if constexpr (kHalving == Halving::kEven || kHalving == Halving::kOdd) {
    const int end = kHalving == Halving::kOdd ? g.half_width - 1 : 0;
    const size_t at = (kHalving == Halving::kOdd ? parity : 0) + static_cast<size_t>(end);
    for (int i = 0; i < g.count; ++i) {
      if (low.to) low.to[end] += low.weights[i] * 0.25f * rows[i][at];
      if (high.to) high.to[end] += high.weights[i] * 0.25f * rows[i][at];
    }
  }
}

template <Halving kHalving>
void HalveWith(const GroupGradient& g) {
  const size_t parity = static_cast<size_t>(g.classes) * g.step;
  for (int c = 0; c < g.classes; ++c) {
    const size_t at = static_cast<size_t>(c) * g.step + kMargin;
    float* rows[2] = {g.rows[0] + at, g.rows[g.count - 1] + at};
    for (int i = 0; kHalving == Halving::kBoth && i < g.count; ++i) {
      // What doubling repeats beyond the row, so here it gets the margins' share.
      float* odd = rows[i] + parity;
      odd[-1] = rows[i][0];
      rows[i][g.half_width] = odd[g.half_width - 1];
    }
    const size_t of_class = static_cast<size_t>(c) * g.plane;
    AddRows<kHalving>(g, rows, {g.low ? g.low + of_class : nullptr, g.low_weight, g.start_low},
                      {g.high ? g.high + of_class : nullptr, g.high_weight, g.start_high});
  }
}

void Halve(const GroupGradient& g) {
  if (!g.doubled) {
    HalveWith<Halving::kNone>(g);
  } else if (g.stride == 1) {
    HalveWith<Halving::kBoth>(g);
  } else if (g.first == 0) {
    HalveWith<Halving::kEven>(g);
  } else {
    HalveWith<Halving::kOdd>(g);
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(BlendRows);
HWY_EXPORT(Enlarge);
HWY_EXPORT(Halve);

void BlendGroup(const RowGroup& group, size_t plane, int classes, int half_width, size_t step,
                float* out) {
  HWY_DYNAMIC_DISPATCH(BlendRows)(group, plane, classes, half_width, step, out);
}

void EnlargeRow(const InterpolationTable& table, const float* blended, size_t step, int classes,
                size_t full, float* out) {
  HWY_DYNAMIC_DISPATCH(Enlarge)(table, blended, step, classes, full, out);
}

void AddHalved(const GroupGradient& gradient) { HWY_DYNAMIC_DISPATCH(Halve)(gradient); }

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
