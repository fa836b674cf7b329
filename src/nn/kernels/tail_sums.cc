#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/tail_sums.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "nn/kernels/tail_sums.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// out[i] = sum over the terms of weight * row[i], for `count` floats.
void SumTerms(const Term* terms, int count_terms, size_t count, float* HWY_RESTRICT out) {
  const D d;
  size_t i = 0;
  const size_t lanes = static_cast<size_t>(kLanes);
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    V s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
    for (int t = 0; t < count_terms; ++t) {
      const float* HWY_RESTRICT r = terms[t].row + i;
      const V w = hn::Set(d, terms[t].weight);
      s0 = hn::MulAdd(w, hn::LoadU(d, r), s0);
      s1 = hn::MulAdd(w, hn::LoadU(d, r + lanes), s1);
      s2 = hn::MulAdd(w, hn::LoadU(d, r + 2 * lanes), s2);
      s3 = hn::MulAdd(w, hn::LoadU(d, r + 3 * lanes), s3);
    }
    hn::StoreU(s0, d, out + i);
    hn::StoreU(s1, d, out + i + lanes);
    hn::StoreU(s2, d, out + i + 2 * lanes);
    hn::StoreU(s3, d, out + i + 3 * lanes);
  }
  for (; i + lanes <= count; i += lanes) {
    V sum = hn::Zero(d);
    for (int t = 0; t < count_terms; ++t) {
      sum = hn::MulAdd(hn::Set(d, terms[t].weight), hn::LoadU(d, terms[t].row + i), sum);
    }
    hn::StoreU(sum, d, out + i);
  }
  for (; i < count; ++i) {
    float sum = 0;
    for (int t = 0; t < count_terms; ++t) sum += terms[t].weight * terms[t].row[i];
    out[i] = sum;
  }
}

void TransposeRows(const float* HWY_RESTRICT from, size_t from_step, int rows, int columns,
                   float* HWY_RESTRICT to, size_t to_step) {
  const auto element = [&](int r, int c) {
    to[static_cast<size_t>(c) * to_step + static_cast<size_t>(r)] =
        from[static_cast<size_t>(r) * from_step + static_cast<size_t>(c)];
  };
  int row = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::CappedTag<float, 4> d;
  for (; row + 4 <= rows; row += 4) {
    const float* HWY_RESTRICT in = from + static_cast<size_t>(row) * from_step;
    int column = 0;
    for (; column + 4 <= columns; column += 4, in += 4) {
      const auto r0 = hn::LoadU(d, in), r1 = hn::LoadU(d, in + from_step);
      const auto r2 = hn::LoadU(d, in + 2 * from_step), r3 = hn::LoadU(d, in + 3 * from_step);
      const auto low02 = hn::InterleaveLower(d, r0, r2), low13 = hn::InterleaveLower(d, r1, r3);
      const auto high02 = hn::InterleaveUpper(d, r0, r2), high13 = hn::InterleaveUpper(d, r1, r3);
      float* HWY_RESTRICT out = to + static_cast<size_t>(column) * to_step + row;
      hn::StoreU(hn::InterleaveLower(d, low02, low13), d, out);
      hn::StoreU(hn::InterleaveUpper(d, low02, low13), d, out + to_step);
      hn::StoreU(hn::InterleaveLower(d, high02, high13), d, out + 2 * to_step);
      hn::StoreU(hn::InterleaveUpper(d, high02, high13), d, out + 3 * to_step);
    }
    for (; column < columns; ++column) {
      for (int r = row; r < row + 4; ++r) element(r, column);
    }
  }
#endif
  for (; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) element(row, column);
  }
}

// kN vectors of SumTaps.
template <int kN>
HWY_INLINE void SumTapVectors(const TapRows& rows, size_t x, size_t out_step, float* out) {
  const D d;
  V sum[kTailTaps][kN];
#pragma GCC unroll 5
  for (int ty = 0; ty < kTailTaps; ++ty) {
#pragma GCC unroll 2
    for (int n = 0; n < kN; ++n) sum[ty][n] = hn::Zero(d);
  }
#pragma GCC unroll 12
  for (int k = 0; k < TapRows::kRows; ++k) {
    V in[kN];
#pragma GCC unroll 2
    for (int n = 0; n < kN; ++n) in[n] = hn::LoadU(d, rows.row[k] + x + n * kLanes);
#pragma GCC unroll 5
    for (int ty = 0; ty < kTailTaps; ++ty) {
      const int j = k + ty - (kTailTaps - 1);
      if (j < 0 || j >= TapRows::kWeights) continue;
      const V w = hn::Set(d, rows.weight[j]);
#pragma GCC unroll 2
      for (int n = 0; n < kN; ++n) sum[ty][n] = hn::MulAdd(w, in[n], sum[ty][n]);
    }
  }
#pragma GCC unroll 5
  for (int ty = 0; ty < kTailTaps; ++ty) {
#pragma GCC unroll 2
    for (int n = 0; n < kN; ++n) {
      hn::StoreU(sum[ty][n], d, out + static_cast<size_t>(ty) * out_step + x + n * kLanes);
    }
  }
}

// Returns how many floats of each row it computed: the whole vectors.
size_t SumTapRows(const TapRows& rows, size_t count, size_t out_step, float* out) {
  constexpr size_t kStep = static_cast<size_t>(kLanes);
  size_t x = 0;
  for (; x + 2 * kStep <= count; x += 2 * kStep) SumTapVectors<2>(rows, x, out_step, out);
  for (; x + kStep <= count; x += kStep) SumTapVectors<1>(rows, x, out_step, out);
  return x;
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(SumTerms);
HWY_EXPORT(TransposeRows);
HWY_EXPORT(SumTapRows);

void WeightedSum(const Term* terms, int count_terms, size_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(SumTerms)(terms, count_terms, count, out);
}

void Transpose(const float* from, size_t from_step, int rows, int columns, float* to,
               size_t to_step) {
  HWY_DYNAMIC_DISPATCH(TransposeRows)(from, from_step, rows, columns, to, to_step);
}

void SumTaps(const TapRows& rows, size_t count, size_t out_step, float* out) {
  const size_t done = HWY_DYNAMIC_DISPATCH(SumTapRows)(rows, count, out_step, out);
  if (done == count) return;
  for (int ty = 0; ty < kTailTaps; ++ty) {
    Term terms[TapRows::kWeights];
    for (int j = 0; j < TapRows::kWeights; ++j) {
      terms[j] = {rows.row[j + kTailTaps - 1 - ty] + done, rows.weight[j]};
    }
    WeightedSum(terms, TapRows::kWeights, count - done,
                out + static_cast<size_t>(ty) * out_step + done);
  }
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
