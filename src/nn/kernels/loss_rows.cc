#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/loss_rows.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "nn/kernels/head_rows-inl.h"
#include "nn/kernels/loss_rows.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// e^x for x <= 0, with an error of at most 2e-7: 2^n times a polynomial in the remainder of
// x / ln 2.
HWY_INLINE V ExpOfNegative(V x) {
  const D d;
  const DI di;
  const V least = hn::Set(d, -87.0f), per_ln2 = hn::Set(d, 1.44269504f);
  // Adding 1.5 * 2^23 rounds to a whole number n, which then is in the lowest bits. The maximum is
  // taken of the product as well, so that no compiler fuses the product with this sum.
  const V shift = hn::Set(d, 12582912.0f);
  const V shifted = hn::Add(hn::Max(hn::Mul(x, per_ln2), hn::Mul(least, per_ln2)), shift);
  const V n = hn::Sub(shifted, shift);
  const V f = hn::MulAdd(n, hn::Set(d, -0.693147182f), hn::Max(x, least));
  V p = hn::Set(d, 1.0f / 720.0f);
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f / 120.0f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f / 24.0f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f / 6.0f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.5f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<23>(hn::BitCast(di, shifted))));
}

// N vectors of pixels, whose logits are in PixelRow::exponents as [class][N][vector].
template <int N>
struct Batch {
  V largest[N];  // logit
  V weight[N];
  VI label[N];
  size_t at[N];  // where the gradient of class 0 goes

  // Written out, because an implicit one would be compiled for the baseline's instructions.
  HWY_INLINE Batch() {}
};

// Adds the probabilities of pixels to `sums`, as AddProbabilitySums to `total`, but by lane.
struct SumTask {
  float* HWY_RESTRICT sums;

  template <int N>
  HWY_INLINE void Run(const PixelRow& row, const Batch<N>& batch) {
    const D d;
    const DI di;
    float* HWY_RESTRICT z = row.exponents;
    V sum[N], inverse[N], one[N];
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) sum[n] = hn::Zero(d);
    for (int c = 0; c < row.classes; ++c) {
#pragma GCC unroll 2
      for (int n = 0; n < N; ++n) {
        float* at = z + (c * N + n) * kLanes;
        const V e = ExpOfNegative(hn::Sub(hn::Load(d, at), batch.largest[n]));
        sum[n] = hn::Add(sum[n], e);
        hn::Store(e, d, at);
      }
    }
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) {
      const auto counts = hn::Ne(batch.weight[n], hn::Zero(d));
      one[n] = hn::IfThenElseZero(counts, hn::Set(d, 1.0f));
      inverse[n] = hn::Div(one[n], sum[n]);
    }
    float* HWY_RESTRICT all = sums;
    float* HWY_RESTRICT of_label = sums + row.classes * kLanes;
    float* HWY_RESTRICT pixels = sums + 2 * row.classes * kLanes;
    for (int c = 0; c < row.classes; ++c) {
      const VI index = hn::Set(di, c);
      V a = hn::Load(d, all), l = hn::Load(d, of_label), m = hn::Load(d, pixels);
#pragma GCC unroll 2
      for (int n = 0; n < N; ++n) {
        const V p = hn::Mul(hn::Load(d, z + (c * N + n) * kLanes), inverse[n]);
        const auto is_label = hn::RebindMask(d, hn::Eq(batch.label[n], index));
        a = hn::Add(a, p);
        l = hn::Add(l, hn::IfThenElseZero(is_label, p));
        m = hn::Add(m, hn::IfThenElseZero(is_label, one[n]));
      }
      hn::Store(a, d, all);
      hn::Store(l, d, of_label);
      hn::Store(m, d, pixels);
      all += kLanes;
      of_label += kLanes;
      pixels += kLanes;
    }
  }
};

// Computes the losses of pixels and their gradient, with `kJaccard` including that of the soft
// Jaccard loss.
template <bool kJaccard>
struct LossTask {
  RowLoss to;
  V loss;

  template <int N>
  HWY_INLINE void Run(const PixelRow& row, const Batch<N>& batch) {
    const D d;
    const DI di;
    float* HWY_RESTRICT z = row.exponents;
    V sum[N], of_label[N], mean[N];  // `mean`: of the slopes, by probability
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) sum[n] = of_label[n] = mean[n] = hn::Zero(d);
    for (int c = 0; c < row.classes; ++c) {
      const VI index = hn::Set(di, c);
#pragma GCC unroll 2
      for (int n = 0; n < N; ++n) {
        float* at = z + (c * N + n) * kLanes;
        const V shifted = hn::Sub(hn::Load(d, at), batch.largest[n]);
        of_label[n] =
            hn::IfThenElse(hn::RebindMask(d, hn::Eq(batch.label[n], index)), shifted, of_label[n]);
        const V e = ExpOfNegative(shifted);
        sum[n] = hn::Add(sum[n], e);
        if constexpr (kJaccard) mean[n] = hn::MulAdd(e, hn::Set(d, to.slopes->other[c]), mean[n]);
        hn::Store(e, d, at);
      }
    }
    // The gradient is e * factor, with the Jaccard loss e * (base + factor * other), and for the
    // label that plus `at_label`.
    V factor[N], base[N], at_label[N];
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) {
      const V scaled = hn::Mul(batch.weight[n], hn::Set(d, to.scale));
      if constexpr (kJaccard) {
        const auto counts = hn::Ne(batch.weight[n], hn::Zero(d));
        factor[n] = hn::Div(hn::IfThenElseZero(counts, hn::Set(d, 1.0f)), sum[n]);
        const V more = hn::GatherIndex(d, to.slopes->more, batch.label[n]);
        const V pull = hn::Mul(hn::Mul(ExpOfNegative(of_label[n]), factor[n]), more);
        base[n] = hn::Mul(factor[n], hn::Sub(scaled, hn::MulAdd(mean[n], factor[n], pull)));
        at_label[n] = hn::Sub(pull, scaled);
      } else {
        factor[n] = hn::Div(scaled, sum[n]);
        at_label[n] = scaled;
      }
    }
    float* HWY_RESTRICT g = to.gradient;
    for (int c = 0; c < row.classes; ++c, g += row.step) {
      const VI index = hn::Set(di, c);
#pragma GCC unroll 2
      for (int n = 0; n < N; ++n) {
        const V e = hn::Load(d, z + (c * N + n) * kLanes);
        const V extra =
            hn::IfThenElseZero(hn::RebindMask(d, hn::Eq(batch.label[n], index)), at_label[n]);
        if constexpr (kJaccard) {
          const V slope = hn::MulAdd(factor[n], hn::Set(d, to.slopes->other[c]), base[n]);
          hn::StoreU(hn::MulAdd(e, slope, extra), d, g + batch.at[n]);
        } else {
          hn::StoreU(hn::MulSub(e, factor[n], extra), d, g + batch.at[n]);
        }
      }
    }
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) {
      const V losses = hn::Mul(batch.weight[n], hn::Sub(hn::Log(d, sum[n]), of_label[n]));
      loss = hn::Add(loss, hn::IfThenElseZero(hn::Ne(batch.weight[n], hn::Zero(d)), losses));
    }
  }
};

// The labels of columns 2x and 2x + 1, as 256 * odd + even.
HWY_INLINE VI LabelPairs(const uint8_t* label) {
  const DI di;
  const hn::Rebind<uint16_t, D> d16;
  HWY_ALIGN uint16_t pairs[kLanes];
  std::memcpy(pairs, label, sizeof(pairs));
  return hn::PromoteTo(di, hn::Load(d16, pairs));
}
HWY_INLINE VI OfPair(VI pairs, int odd) {
  return odd ? hn::ShiftRight<8>(pairs) : hn::And(pairs, hn::Set(DI(), 255));
}

// The even and the odd columns at column x of the logits.
template <typename Task>
HWY_INLINE void RunBoth(const PixelRow& row, int x, Task& task) {
  const D d;
  Batch<2> batch;
  const VI pairs = LabelPairs(row.label + 2 * x);
  hn::LoadInterleaved2(d, row.weight + 2 * x, batch.weight[0], batch.weight[1]);
  const V near = hn::Set(d, 0.75f), far = hn::Set(d, 0.25f);
  const float* p = row.logits + kMargin + x;
  batch.largest[0] = batch.largest[1] = hn::Zero(d);
  for (int c = 0; c < row.classes; ++c, p += row.step) {
    const V middle = hn::Mul(hn::LoadU(d, p), near);
    const V even = hn::MulAdd(hn::LoadU(d, p - 1), far, middle);
    const V odd = hn::MulAdd(hn::LoadU(d, p + 1), far, middle);
    batch.largest[0] = c ? hn::Max(batch.largest[0], even) : even;
    batch.largest[1] = c ? hn::Max(batch.largest[1], odd) : odd;
    hn::Store(even, d, row.exponents + 2 * c * kLanes);
    hn::Store(odd, d, row.exponents + (2 * c + 1) * kLanes);
  }
#pragma GCC unroll 2
  for (int n = 0; n < 2; ++n) {
    batch.label[n] = OfPair(pairs, n);
    batch.at[n] =
        static_cast<size_t>(n * row.classes) * row.step + static_cast<size_t>(kMargin + x);
  }
  task.Run(row, batch);
}

// N vectors of even, or of odd columns, from column x of the logits on.
template <int N, typename Task>
HWY_INLINE void RunOneParity(const PixelRow& row, int x, Task& task) {
  const D d;
  Batch<N> batch;
  const V near = hn::Set(d, 0.75f), far = hn::Set(d, 0.25f);
  const int side = row.first ? 1 : -1;
#pragma GCC unroll 2
  for (int n = 0; n < N; ++n) {
    const int from = x + n * kLanes;
    V even, odd;
    hn::LoadInterleaved2(d, row.weight + 2 * from, even, odd);
    batch.weight[n] = row.first ? odd : even;
    batch.label[n] = OfPair(LabelPairs(row.label + 2 * from), row.first);
    batch.at[n] = static_cast<size_t>(row.first * row.classes) * row.step +
                  static_cast<size_t>(kMargin + from);
    batch.largest[n] = hn::Zero(d);
  }
  const float* p = row.logits + kMargin + x;
  for (int c = 0; c < row.classes; ++c, p += row.step) {
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) {
      const V z = hn::MulAdd(hn::LoadU(d, p + n * kLanes + side), far,
                             hn::Mul(hn::LoadU(d, p + n * kLanes), near));
      batch.largest[n] = c ? hn::Max(batch.largest[n], z) : z;
      hn::Store(z, d, row.exponents + (c * N + n) * kLanes);
    }
  }
  task.Run(row, batch);
}

// A vector of the columns that count, of a row that is already enlarged.
template <typename Task>
HWY_INLINE void RunEnlarged(const PixelRow& row, int j, Task& task) {
  const D d;
  const DI di;
  const hn::Rebind<uint8_t, DI> d8;
  Batch<1> batch;
  V even, odd;
  if (row.stride == 1) {
    HWY_ALIGN uint8_t bytes[kLanes];
    std::memcpy(bytes, row.label + j, sizeof(bytes));
    batch.label[0] = hn::PromoteTo(di, hn::Load(d8, bytes));
    batch.weight[0] = hn::LoadU(d, row.weight + j);
  } else {
    hn::LoadInterleaved2(d, row.weight + 2 * j, even, odd);
    batch.weight[0] = row.first ? odd : even;
    batch.label[0] = OfPair(LabelPairs(row.label + 2 * j), row.first);
  }
  batch.at[0] = static_cast<size_t>(j);
  batch.largest[0] = hn::Zero(d);
  const float* p = row.logits;
  for (int c = 0; c < row.classes; ++c, p += row.step) {
    V z;
    if (row.stride == 1) {
      z = hn::LoadU(d, p + j);
    } else {
      hn::LoadInterleaved2(d, p + 2 * j, even, odd);
      z = row.first ? odd : even;
    }
    batch.largest[0] = c ? hn::Max(batch.largest[0], z) : z;
    hn::Store(z, d, row.exponents + c * kLanes);
  }
  task.Run(row, batch);
}

// Calls task.Run for all of a row's columns that count.
template <typename Task>
HWY_INLINE void RunRow(const PixelRow& row, Task& task) {
  const int half_width = row.width / 2;
  if (!row.doubled) {
    const int columns = (row.width - row.first + row.stride - 1) / row.stride;
    for (int j = 0; j < columns; j += kLanes) RunEnlarged(row, j, task);
  } else if (row.stride == 1) {
    for (int x = 0; x < half_width; x += kLanes) RunBoth(row, x, task);
  } else {
    int x = 0;
    for (; x + kLanes < half_width; x += 2 * kLanes) RunOneParity<2>(row, x, task);
    if (x < half_width) RunOneParity<1>(row, x, task);
  }
}

template <bool kJaccard>
double RowLossWith(const PixelRow& row, const RowLoss& to) {
  const D d;
  LossTask<kJaccard> task = {to, hn::Zero(d)};
  RunRow(row, task);
  return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, task.loss)));
}

double LossRow(const PixelRow& row, const RowLoss& to) {
  return to.slopes ? RowLossWith<true>(row, to) : RowLossWith<false>(row, to);
}

void SumRow(const PixelRow& row, float* sums, double* total) {
  const D d;
  const int rows = 3 * row.classes;
  for (int k = 0; k < rows; ++k) hn::Store(hn::Zero(d), d, sums + k * kLanes);
  SumTask task = {sums};
  RunRow(row, task);
  for (int k = 0; k < rows; ++k) {
    total[k] += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::Load(d, sums + k * kLanes))));
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(LossRow);
HWY_EXPORT(SumRow);

double LossOfRow(const PixelRow& row, const RowLoss& to) {
  return HWY_DYNAMIC_DISPATCH(LossRow)(row, to);
}

void AddProbabilitySums(const PixelRow& row, float* sums, double* total) {
  HWY_DYNAMIC_DISPATCH(SumRow)(row, sums, total);
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
