#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/stem_composed_backward.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "nn/kernels/stem_composed.h"
#include "nn/kernels/stem_phases.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// Channels and taps whose sums are taken at once, as the registers allow.
constexpr int kOutputs = kLanes == 16 || HWY_ARCH_ARM_A64 ? 8 : 4;
constexpr int kAtOnce = 3;
static_assert(kStemRowTaps % kAtOnce == 0);

// Returns a vector from memory in a register. Without it, GCC makes the load a part of each
// multiplication, and there are more loads than the processor can do.
HWY_INLINE V InRegister(V v) {
#if HWY_ARCH_X86 && HWY_COMPILER_GCC_ACTUAL && HWY_TARGET != HWY_SCALAR
  asm("" : "+v"(v.raw));
#endif
  return v;
}

// Adds the rows' products to the sums of kT taps from number `tap` on and kO channels from number
// `first` on. `sums` is [tap][channel][kLanes].
template <int kO, int kT>
HWY_INLINE void AddTile(const ComposedGradientRows& rows, int tap, int first,
                        float* HWY_RESTRICT sums) {
  const D d;
  const size_t step = static_cast<size_t>(rows.channels * kLanes);
  sums += static_cast<size_t>(tap) * step + static_cast<size_t>(first * kLanes);
  V sum[kO][kT];
#pragma GCC unroll 8
  for (int o = 0; o < kO; ++o) {
#pragma GCC unroll 3
    for (size_t t = 0; t < kT; ++t) sum[o][t] = hn::Load(d, sums + t * step + o * kLanes);
  }
  for (int r = 0; r < rows.count; ++r) {
    const float* HWY_RESTRICT in = rows.in[r];
    const float* HWY_RESTRICT g = rows.g[r] + static_cast<size_t>(first) * rows.g_stride;
    for (int x = 0; x < rows.columns; x += kLanes, in += kLanes, g += kLanes) {
      V value[kT];
#pragma GCC unroll 3
      for (int t = 0; t < kT; ++t) value[t] = hn::LoadU(d, in + rows.taps[tap + t]);
#pragma GCC unroll 8
      for (int o = 0; o < kO; ++o) {
        const V go = InRegister(hn::Load(d, g + static_cast<size_t>(o) * rows.g_stride));
#pragma GCC unroll 3
        for (int t = 0; t < kT; ++t) sum[o][t] = hn::MulAdd(value[t], go, sum[o][t]);
      }
    }
  }
#pragma GCC unroll 8
  for (int o = 0; o < kO; ++o) {
#pragma GCC unroll 3
    for (size_t t = 0; t < kT; ++t) hn::Store(sum[o][t], d, sums + t * step + o * kLanes);
  }
}

template <int kO>
HWY_INLINE void AddTaps(const ComposedGradientRows& rows, int first, float* HWY_RESTRICT sums) {
  for (int tap = 0; tap < kStemRowTaps; tap += kAtOnce) {
    AddTile<kO, kAtOnce>(rows, tap, first, sums);
  }
}

// Adds the products of row `kernel_row` of the kernel to `sums`, which is [row: kStemTapKinds]
// [column: kStemTapKinds][B, G, R][channel][kLanes].
void AddKernelRow(const ComposedGradientRows& rows, int kernel_row, float* HWY_RESTRICT sums) {
  const int channels = rows.channels;
  sums += kernel_row * kStemRowWeights * channels * kLanes;
  int first = 0;
  for (; first + kOutputs <= channels; first += kOutputs) AddTaps<kOutputs>(rows, first, sums);
  for (; first < channels; first += 4) AddTaps<4>(rows, first, sums);
  if (rows.edge_at == 0) return;
  // The last column, which is read through kStemEdgeTap.
  for (int r = 0; r < rows.count; ++r) {
    const float* g = rows.g[r] + rows.columns - 1;
    for (int c = 0; c < 3; ++c) {
      const float value = rows.in[r][rows.edge_at + static_cast<size_t>(c)];
      float* edge = sums + (kStemEdgeTap * 3 + c) * channels * kLanes;
      for (int o = 0; o < channels; ++o) {
        edge[o * kLanes] += value * g[static_cast<size_t>(o) * rows.g_stride];
      }
    }
  }
}

// Writes the sums of the lanes of `count` vectors, a multiple of 4.
void SumLanes(const float* HWY_RESTRICT vectors, int count, float* HWY_RESTRICT out) {
#if HWY_TARGET == HWY_SCALAR
  std::copy_n(vectors, count, out);
#else
  const D d;
  const hn::Repartition<uint64_t, D> pairs;
  const hn::CappedTag<float, 4> d4;
  for (int i = 0; i < count; i += 4) {
    const float* from = vectors + i * kLanes;
    const V v0 = hn::Load(d, from), v1 = hn::Load(d, from + kLanes),
            v2 = hn::Load(d, from + 2 * kLanes), v3 = hn::Load(d, from + 3 * kLanes);
    const auto v01 =
        hn::BitCast(pairs, hn::Add(hn::InterleaveLower(d, v0, v1), hn::InterleaveUpper(d, v0, v1)));
    const auto v23 =
        hn::BitCast(pairs, hn::Add(hn::InterleaveLower(d, v2, v3), hn::InterleaveUpper(d, v2, v3)));
    // In each block of four lanes the four sums.
    HWY_ALIGN float blocks[kLanes];
    hn::Store(hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, v01, v23)),
                      hn::BitCast(d, hn::InterleaveUpper(pairs, v01, v23))),
              d, blocks);
    auto sum = hn::Load(d4, blocks);
    for (int b = 4; b < kLanes; b += 4) sum = hn::Add(sum, hn::Load(d4, blocks + b));
    hn::StoreU(sum, d4, out + i);
  }
#endif
}

// Rearranges a row of pixels of 16 channels, of which `channels` are wanted, to [channel][stride],
// and writes the sums over the columns to `sums`. `stride` is a multiple of 16 and at least
// `width`; zeros follow the last column. The pixels at `next` will be read soon.
void SplitGradient(const float* HWY_RESTRICT pixels, int channels, int width,
                   [[maybe_unused]] const float* next, size_t stride, float* HWY_RESTRICT rows,
                   float* HWY_RESTRICT sums) {
  std::fill_n(sums, channels, 0.0f);
  int x = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::CappedTag<float, 4> d4;
  const hn::Repartition<uint64_t, decltype(d4)> pairs;
  for (; x + 4 <= width; x += 4) {
    for (int i = x; i < x + 4; ++i) hwy::Prefetch(next + i * kBlock);
    for (int c = 0; c < channels; c += 4) {
      const float* from = pixels + x * kBlock + c;
      float* to = rows + static_cast<size_t>(c) * stride + x;
      const auto p0 = hn::LoadU(d4, from), p1 = hn::LoadU(d4, from + kBlock),
                 p2 = hn::LoadU(d4, from + 2 * kBlock), p3 = hn::LoadU(d4, from + 3 * kBlock);
      const auto sum = hn::Add(hn::Add(p0, p1), hn::Add(p2, p3));
      hn::StoreU(hn::Add(hn::LoadU(d4, sums + c), sum), d4, sums + c);
      const auto low01 = hn::BitCast(pairs, hn::InterleaveLower(d4, p0, p1));
      const auto high01 = hn::BitCast(pairs, hn::InterleaveUpper(d4, p0, p1));
      const auto low23 = hn::BitCast(pairs, hn::InterleaveLower(d4, p2, p3));
      const auto high23 = hn::BitCast(pairs, hn::InterleaveUpper(d4, p2, p3));
      const auto store = [&](auto row, size_t channel) HWY_ATTR {
        hn::StoreU(hn::BitCast(d4, row), d4, to + channel * stride);
      };
      store(hn::InterleaveLower(pairs, low01, low23), 0);
      store(hn::InterleaveUpper(pairs, low01, low23), 1);
      store(hn::InterleaveLower(pairs, high01, high23), 2);
      store(hn::InterleaveUpper(pairs, high01, high23), 3);
    }
  }
#endif
  for (int c = 0; c < channels; ++c, rows += stride) {
    for (int rest = x; rest < width; ++rest) {
      rows[rest] = pixels[rest * kBlock + c];
      sums[c] += rows[rest];
    }
    std::fill(rows + width, rows + stride, 0.0f);
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(AddKernelRow);
HWY_EXPORT(SumLanes);
HWY_EXPORT(SplitGradient);

namespace {

constexpr int kMostLanes = 16;
constexpr int kTaps = 3;  // of in_conv2 on each axis

// Adds a window of a row of the output's gradient to the sums of a row of in_conv2's kernel,
// [column][channel]. `all` holds the sums over its columns, `row` is [channel][stride].
void AddToBiasSums(const ComposedStemShape& shape, int window, const float* all, const float* row,
                   size_t stride, int channels, float* sums) {
  const bool first = window == 0, last = shape.pads_right && window == shape.windows - 1;
  for (int c = 0; c < channels; ++c, row += stride) {
    sums[c] += all[c] - (first ? row[0] : 0);
    sums[channels + c] += all[c];
    sums[2 * channels + c] += all[c] - (last ? row[shape.WindowColumns(window) - 1] : 0);
  }
}

}  // namespace

void StemBackwardComposed(const StemParameters& parameters, ImageView frame,
                          const View& out_gradient, const StemGradients& gradients,
                          Scratch& scratch) {
  // So many that few passes load and store the sums; a multiple of 16.
  constexpr int kColumns = 320;
  const ComposedStemShape shape(frame.size(), kColumns);
  const auto add_kernel_row = HWY_DYNAMIC_DISPATCH(AddKernelRow);
  const auto sum_lanes = HWY_DYNAMIC_DISPATCH(SumLanes);
  const auto split_gradient = HWY_DYNAMIC_DISPATCH(SplitGradient);
  const int channels = out_gradient.channels;
  const size_t g_stride = (static_cast<size_t>(shape.columns) + 15) / 16 * 16;
  const size_t g_row = static_cast<size_t>(channels) * g_stride;
  constexpr int kRing = 4 * kMostGradientRows + 3;
  const int weight_sums = kStemTapKinds * kStemRowWeights * channels;
  const int bias_sums = kTaps * kTaps * channels;
  const auto per_chunk = static_cast<size_t>(weight_sums + bias_sums);
  const size_t vectors = static_cast<size_t>(weight_sums) * kMostLanes;
  const int chunks = SumChunks(shape.height);
  float* of_chunks = scratch.Floats(per_chunk * static_cast<size_t>(chunks));
  scratch.PrepareSlots(vectors + kMostGradientRows * g_row + kRing * shape.row);

  ParallelFor(chunks, [&](int chunk) {
    float* sums = scratch.SlotFloats();
    float* g = sums + vectors;
    float* ring = g + kMostGradientRows * g_row;
    const auto in_ring = [&](int y) { return ring + static_cast<size_t>(y % kRing) * shape.row; };
    float* weights_to = of_chunks + per_chunk * static_cast<size_t>(chunk);
    float* bias_to = weights_to + weight_sums;
    std::memset(sums, 0, vectors * sizeof(float));
    std::memset(bias_to, 0, static_cast<size_t>(bias_sums) * sizeof(float));
    const int begin = ChunkBegin(shape.height, chunks, chunk);
    const int end = ChunkBegin(shape.height, chunks, chunk + 1);
    for (int window = 0; window < shape.windows; ++window) {
      const int x0 = shape.WindowBegin(window), columns = shape.WindowColumns(window);
      const size_t edge_at = shape.EdgeColumnIn(window) ? shape.edge_at : 0;
      int next = std::max(0, 4 * begin - 3);
      for (int y0 = begin; y0 < end; y0 += kMostGradientRows) {
        const int y1 = std::min(end, y0 + kMostGradientRows);
        for (; next < std::min(shape.height0, 4 * y1); ++next) {
          SplitPhases(frame, next, window, shape, in_ring(next));
        }
        for (int y = y0; y < y1; ++y) {
          float* row = g + static_cast<size_t>(y - y0) * g_row;
          float all[kMaxStemChannels];
          split_gradient(out_gradient.at(0, y, x0), channels, columns,
                         out_gradient.at(0, std::min(y + kMostGradientRows, shape.height - 1), x0),
                         g_stride, row, all);
          for (int tap = 0; tap < kTaps; ++tap) {
            if (ReadsStemPadding(shape.RowKind(y), tap)) continue;
            AddToBiasSums(shape, window, all, row, g_stride, channels,
                          bias_to + tap * kTaps * channels);
          }
        }
        for (int tap = 0; tap < kStemTapKinds; ++tap) {
          const int k = tap == kStemEdgeTap ? kStemEdgeReplaced : tap;
          ComposedGradientRows rows = {{},      {},       0,      g_stride, shape.taps.data(),
                                       edge_at, channels, columns};
          for (int y = y0; y < y1; ++y) {
            const int input = shape.InputRow(y, k);
            if (input < 0 || shape.RowTap(y, k) != tap) continue;
            rows.in[rows.count] = in_ring(input);
            rows.g[rows.count] = g + static_cast<size_t>(y - y0) * g_row;
            ++rows.count;
          }
          if (rows.count > 0) add_kernel_row(rows, tap, sums);
        }
      }
    }
    sum_lanes(sums, weight_sums, weights_to);
  });
  for (int chunk = 1; chunk < chunks; ++chunk) {
    const float* from = of_chunks + per_chunk * static_cast<size_t>(chunk);
    for (size_t i = 0; i < per_chunk; ++i) of_chunks[i] += from[i];
  }
  StemParameterGradients(parameters, {of_chunks, static_cast<size_t>(weight_sums)},
                         {of_chunks + weight_sums, static_cast<size_t>(bias_sums)}, gradients);
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
