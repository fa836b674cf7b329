#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/stem_composed_forward.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>

#include "core/parallel.h"
#include "nn/kernels/stem_composed.h"
#include "nn/kernels/stem_phases.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// The tile that is computed at once: so many outputs and up to three vectors of columns, as
// the registers allow.
constexpr bool kManyRegisters = kLanes == 16 || HWY_ARCH_ARM_A64;
constexpr int kOutputs = kManyRegisters ? 8 : 4;

// Stores four channels of kLanes columns, of which the first `columns` are wanted, to pixels of 16
// channels.
HWY_INLINE void StorePixels(V a, V b, V c, V e, int columns, float* HWY_RESTRICT to) {
  const D d;
#if HWY_TARGET == HWY_SCALAR
  (void)columns;
  hn::StoreU(a, d, to);
  hn::StoreU(b, d, to + 1);
  hn::StoreU(c, d, to + 2);
  hn::StoreU(e, d, to + 3);
#else
  const hn::Repartition<uint64_t, D> pairs;
  const hn::CappedTag<float, 4> d4;
  const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(d, a, b));
  const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b));
  const auto ce_low = hn::BitCast(pairs, hn::InterleaveLower(d, c, e));
  const auto ce_high = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
  // Part i holds columns 4 n + i.
  HWY_ALIGN float parts[4 * kLanes];
  hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, ab_low, ce_low)), d, parts);
  hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_low, ce_low)), d, parts + kLanes);
  hn::Store(hn::BitCast(d, hn::InterleaveLower(pairs, ab_high, ce_high)), d, parts + 2 * kLanes);
  hn::Store(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_high, ce_high)), d, parts + 3 * kLanes);
  const auto copy = [&](int x) HWY_ATTR {
    hn::StoreU(hn::Load(d4, parts + x % 4 * kLanes + x / 4 * 4), d4, to + x * kBlock);
  };
  if (columns >= kLanes) {
#pragma GCC unroll 16
    for (int x = 0; x < kLanes; ++x) copy(x);
  } else {
    for (int x = 0; x < columns; ++x) copy(x);
  }
#endif
}

// Computes kO outputs from number `first` on of up to kN vectors of columns from x on.
template <int kO, int kN>
HWY_INLINE void ComputeTile(const ComposedRow& row, const float* HWY_RESTRICT bias, int first,
                            int x, float* HWY_RESTRICT out) {
  const D d;
  V sum[kO][kN];
#pragma GCC unroll 8
  for (int o = 0; o < kO; ++o) {
#pragma GCC unroll 3
    for (int v = 0; v < kN; ++v) sum[o][v] = hn::Set(d, bias[first + o]);
  }
  for (int r = 0; r < row.count; ++r) {
    for (int i = r; i < kN * kLanes; i += kStemTaps) hwy::Prefetch(out + (x + i) * kBlock);
    const float* in = row.in[r] + x;
    const float* HWY_RESTRICT w = row.weights[r] + first;
    for (int t = 0; t < kStemRowTaps; ++t, w += row.channels) {
      const float* tap = in + row.taps[t];
      V value[kN];
#pragma GCC unroll 3
      for (int v = 0; v < kN; ++v) value[v] = hn::LoadU(d, tap + v * kLanes);
#pragma GCC unroll 8
      for (int o = 0; o < kO; ++o) {
        const V wo = hn::Set(d, w[o]);
#pragma GCC unroll 3
        for (int v = 0; v < kN; ++v) sum[o][v] = hn::MulAdd(value[v], wo, sum[o][v]);
      }
    }
  }
#pragma GCC unroll 3
  for (int v = 0; v < kN; ++v) {
    const int at = x + v * kLanes;
#pragma GCC unroll 2
    for (int o = 0; o < kO; o += 4) {
      StorePixels(sum[o][v], sum[o + 1][v], sum[o + 2][v], sum[o + 3][v], row.columns - at,
                  out + at * kBlock + first + o);
    }
  }
}

template <int kO>
HWY_INLINE void ComputeOutputs(const ComposedRow& row, const float* HWY_RESTRICT bias, int first,
                               float* HWY_RESTRICT out) {
  int x = 0;
  for (; x + 2 * kLanes < row.columns; x += 3 * kLanes)
    ComputeTile<kO, 3>(row, bias, first, x, out);
  if (x + kLanes < row.columns) {
    ComputeTile<kO, 2>(row, bias, first, x, out);
  } else if (x < row.columns) {
    ComputeTile<kO, 1>(row, bias, first, x, out);
  }
}

// Computes a row of the output with the same bias in all columns.
void ComputeRow(const ComposedRow& row, const float* HWY_RESTRICT bias, float* HWY_RESTRICT out) {
  int first = 0;
  for (; first + kOutputs <= row.channels; first += kOutputs) {
    ComputeOutputs<kOutputs>(row, bias, first, out);
  }
  if (first < row.channels) ComputeOutputs<4>(row, bias, first, out);
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(ComputeRow);

namespace {

// Completes the pixel of column x, which lies on an edge of the frame.
void CompleteEdge(const ComposedRow& row, const ComposedStemShape& shape, const float* bias, int x,
                  float* pixel) {
  const float* of_kind = bias + shape.ColumnKind(x) * row.channels;
  for (int o = 0; o < row.channels; ++o) pixel[o] += of_kind[o] - bias[o];
  if (!shape.edge_column || x != shape.width - 1) return;
  for (int r = 0; r < row.count; ++r) {
    for (int c = 0; c < 3; ++c) {
      const float value = row.in[r][shape.edge_at + static_cast<size_t>(c)];
      const float* w = row.weights[r] + (kStemEdgeTap * 3 + c) * row.channels;
      for (int o = 0; o < row.channels; ++o) pixel[o] += w[o] * value;
    }
  }
}

}  // namespace

void StemForwardComposed(const ComposedStem& weights, ImageView frame, const View& out,
                         Scratch& scratch) {
  // Three vectors of 16, and so a whole number of tiles on any instruction set.
  constexpr int kColumns = 48;
  const ComposedStemShape shape(frame.size(), kColumns);
  const auto compute = HWY_DYNAMIC_DISPATCH(ComputeRow);
  const int channels = weights.channels;
  // A task computes a window of a strip of rows. Three rows of the frame are also converted by the
  // task of the strip before.
  constexpr int kStrip = 20;
  constexpr int kRing = kStemTaps;
  const int strips = (shape.height + kStrip - 1) / kStrip;
  scratch.PrepareSlots(kRing * shape.row);
  ParallelFor(strips * shape.windows, [&](int task) {
    const int strip = task / shape.windows, window = task % shape.windows;
    const int x0 = shape.WindowBegin(window), x1 = x0 + shape.WindowColumns(window);
    const int begin = strip * kStrip, end = std::min(shape.height, begin + kStrip);
    float* ring = scratch.SlotFloats();
    const auto in_ring = [&](int y) { return ring + static_cast<size_t>(y % kRing) * shape.row; };
    int next = std::max(0, 4 * begin - 3);
    for (int y = begin; y < end; ++y) {
      for (; next < std::min(shape.height0, 4 * y + 4); ++next) {
        SplitPhases(frame, next, window, shape, in_ring(next));
      }
      ComposedRow row = {{}, {}, 0, shape.taps.data(), channels, x1 - x0};
      for (int k = 0; k < kStemTaps; ++k) {
        const int input = shape.InputRow(y, k);
        if (input < 0) continue;
        row.in[row.count] = in_ring(input);
        row.weights[row.count] =
            weights.weights.data() + shape.RowTap(y, k) * kStemRowWeights * channels;
        ++row.count;
      }
      const float* bias = weights.bias.data() + shape.RowKind(y) * kStemEdgeKinds * channels;
      compute(row, bias, out.at(0, y, x0));
      if (x0 == 0) CompleteEdge(row, shape, bias, 0, out.at(0, y, 0));
      const int last = shape.width - 1;
      if (x1 > last && last > 0) CompleteEdge(row, shape, bias, last, out.at(0, y, last));
    }
  });
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
