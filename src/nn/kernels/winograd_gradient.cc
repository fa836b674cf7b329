#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/winograd_gradient.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/parallel.h"
#include "nn/kernels/conv_gradient.h"
#include "nn/kernels/vectors-inl.h"
#include "nn/kernels/winograd_gradient.h"
#include "nn/kernels/winograd_tiles.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

constexpr int kOut = kWinogradOut, kIn = kWinogradIn;

// The transform A of the output's gradient, in one dimension.
HWY_INLINE void TransformGradient(const V& g0, const V& g1, const V& g2, const V& g3,
                                  V (&out)[kIn]) {
  const D d;
  const V four = hn::Set(d, 4.0f);
  const V even = hn::Add(g0, g2), odd = hn::Add(g1, g3);
  const V even2 = hn::MulAdd(four, g2, g0);  // g0 + 4 g2
  const V odd2 = hn::MulAdd(four, g3, g1);   // g1 + 4 g3
  const V twice = hn::Add(odd2, odd2);
  out[0] = g0;
  out[1] = hn::Add(even, odd);
  out[2] = hn::Sub(even, odd);
  out[3] = hn::Add(even2, twice);
  out[4] = hn::Sub(even2, twice);
  out[5] = g3;
}

// Transforms a range of tiles to the first `tiles.count` tiles of points[point][block][tile][16].
void GradientPoints(const View& g, const TileRange& tiles, int room, float* HWY_RESTRICT points) {
  const D d;
  const int blocks = g.blocks();
  const size_t plane = static_cast<size_t>(room) * kBlock;
  const size_t point = PointStep(plane * static_cast<size_t>(blocks));
  const int y0 = tiles.row * kOut;
  HWY_ALIGN float patch[kOut * kOut * kBlock];
  for (int b = 0; b < blocks; ++b) {
    for (int t = 0; t < tiles.count; ++t) {
      const int x0 = (tiles.first + t) * kOut;
      const auto [from, row] = PixelsOfTile(g, b, y0, x0, kOut, g.height, g.width, patch);
      float* to = points + static_cast<size_t>(b) * plane + static_cast<size_t>(t) * kBlock;
      for (int m = 0; m < kBlock; m += kLanes) {
        V columns_of[kOut][kIn];  // [column][transformed row]
#pragma GCC unroll 4
        for (int c = 0; c < kOut; ++c) {
          const float* p = from + c * kBlock + m;
          TransformGradient(hn::LoadU(d, p), hn::LoadU(d, p + row), hn::LoadU(d, p + 2 * row),
                            hn::LoadU(d, p + 3 * row), columns_of[c]);
        }
#pragma GCC unroll 6
        for (int r = 0; r < kIn; ++r) {
          V out[kIn];
          TransformGradient(columns_of[0][r], columns_of[1][r], columns_of[2][r], columns_of[3][r],
                            out);
#pragma GCC unroll 6
          for (int c = 0; c < kIn; ++c) {
            hn::StoreU(out[c], d, to + static_cast<size_t>(r * kIn + c) * point + m);
          }
        }
      }
    }
  }
}

// The transform G^T of the sums at the points, in one dimension.
HWY_INLINE void TransformSums(const V (&m)[kIn], V (&out)[3]) {
  const D d;
  const V sixth = hn::Set(d, 1.0f / 6), twelfth = hn::Set(d, 1.0f / 12);
  const V near = hn::Add(m[1], m[2]), far = hn::Add(m[3], m[4]);
  out[0] = hn::MulAdd(hn::Set(d, 0.25f), m[0],
                      hn::MulAdd(hn::Set(d, 1.0f / 24), far, hn::Mul(hn::Set(d, -1.0f / 6), near)));
  out[1] = hn::NegMulAdd(sixth, hn::Sub(m[1], m[2]), hn::Mul(twelfth, hn::Sub(m[3], m[4])));
  out[2] = hn::MulAdd(sixth, hn::Sub(far, near), m[5]);
}

// Transforms `count` sums of each point, which are `point_step` floats apart, to taps[9][count].
void KernelFromPoints(const float* HWY_RESTRICT points, size_t point_step, size_t count,
                      float* HWY_RESTRICT taps) {
  const D d;
  for (size_t i = 0; i < count; i += static_cast<size_t>(kLanes)) {
    V columns[kIn][3];  // [column][row of the kernel]
#pragma GCC unroll 6
    for (int c = 0; c < kIn; ++c) {
      V column[kIn];
#pragma GCC unroll 6
      for (int r = 0; r < kIn; ++r) {
        column[r] = hn::LoadU(d, points + static_cast<size_t>(r * kIn + c) * point_step + i);
      }
      TransformSums(column, columns[c]);
    }
#pragma GCC unroll 3
    for (int r = 0; r < 3; ++r) {
      const V row[kIn] = {columns[0][r], columns[1][r], columns[2][r],
                          columns[3][r], columns[4][r], columns[5][r]};
      V out[3];
      TransformSums(row, out);
      for (int c = 0; c < 3; ++c) {
        hn::StoreU(out[c], d, taps + static_cast<size_t>(r * 3 + c) * count + i);
      }
    }
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(GradientPoints);
HWY_EXPORT(KernelFromPoints);

namespace {

// Each chunk of rows ends with a transform back, so there are fewer than SumChunks gives.
constexpr int kMostChunks = 4;
constexpr size_t kPoints = kWinogradPoints;
// The point whose sum over a tile is the sum of the tile's gradients: 1 in both dimensions.
constexpr size_t kSumPoint = kWinogradIn + 1;

// The tiles whose points are in memory at the same time, for both sides of the products. They
// should fit into a core's second-level cache, but so few that the products' sums, which are read
// and written for each batch, do not take longer than the products.
int BatchTiles(int channels, int tiles) {
  constexpr int kCacheFloats = 190 * 1024, kFewest = 32;
  return std::min(tiles, std::max(kFewest, kCacheFloats / (kWinogradPoints * channels)));
}

// The sizes of what both ways to the gradient keep, in floats.
struct Sizes {
  int ins, outs, room;  // channels, rounded up to blocks; tiles that a block of points has room for
  size_t in_point, out_point, sum_point, kernel;

  Sizes(const View& input, const View& g, int tiles) : room(tiles) {
    ins = input.blocks() * kBlock;
    outs = g.blocks() * kBlock;
    const size_t in = static_cast<size_t>(ins), out = static_cast<size_t>(outs);
    in_point = PointStep(in * static_cast<size_t>(room));
    out_point = PointStep(out * static_cast<size_t>(room));
    sum_point = PointStep(in * out);
    kernel = 9 * in * out;
  }
  size_t points() const { return kPoints * (in_point + out_point); }
  size_t sums() const { return kPoints * sum_point; }
};

// Adds the sums over `tiles` tiles of the output's gradient to `bias`.
void AddBias(const Sizes& sizes, const float* out_points, int tiles, float* bias) {
  for (int o = 0; o < sizes.outs; ++o) {
    const float* from = out_points + kSumPoint * sizes.out_point +
                        static_cast<size_t>(o / kBlock * sizes.room * kBlock + o % kBlock);
    for (int t = 0; t < tiles; ++t) bias[o] += from[t * kBlock];
  }
}

// Transforms the sums of block `b` of inputs and all outputs to the kernel's gradient, packed as
// PartialGradients are.
void TransformSumsOf(const Sizes& sizes, const float* sums, int b, float* to) {
  const auto kernel_from_points = HWY_DYNAMIC_DISPATCH(KernelFromPoints);
  const int tile_width = ConvTileWidth();
  for (int o = 0; o < sizes.outs; o += tile_width) {
    const size_t floats = static_cast<size_t>(std::min(tile_width, sizes.outs - o)) * kBlock;
    const size_t at =
        static_cast<size_t>(o) * static_cast<size_t>(sizes.ins) + static_cast<size_t>(b) * floats;
    kernel_from_points(sums + at, sizes.sum_point, floats, to + 9 * at);
  }
}

// The gradients from the points of all tiles at once.
PartialGradients SumOverAllTiles(const View& input, const View& g, const Sizes& sizes,
                                 Scratch& scratch) {
  const auto gradient_points = HWY_DYNAMIC_DISPATCH(GradientPoints);
  const int rows = (g.height + kWinogradOut - 1) / kWinogradOut, columns = sizes.room / rows;
  float* in_points = scratch.Floats(sizes.points() + sizes.sums() + sizes.kernel +
                                    static_cast<size_t>(sizes.outs));
  float* out_points = in_points + kPoints * sizes.in_point;
  float* sums = in_points + sizes.points();
  float* kernel = sums + sizes.sums();
  ParallelFor(rows, [&](int row) {
    const size_t at = static_cast<size_t>(row * columns) * kBlock;
    InputPoints(input, {row, 0, columns}, sizes.room, in_points + at);
    gradient_points(g, {row, 0, columns}, sizes.room, out_points + at);
  });
  ParallelFor(kWinogradPoints, [&](int point) {
    const size_t p = static_cast<size_t>(point);
    float* sum = sums + p * sizes.sum_point;
    std::memset(sum, 0, sizes.sum_point * sizeof(float));
    PointwiseGradientRow(in_points + p * sizes.in_point, sizes.ins,
                         out_points + p * sizes.out_point, sizes.outs, sizes.room, sizes.room, sum);
  });
  ParallelFor(input.blocks(), [&](int b) { TransformSumsOf(sizes, sums, b, kernel); });
  std::memset(kernel + sizes.kernel, 0, static_cast<size_t>(sizes.outs) * sizeof(float));
  AddBias(sizes, out_points, sizes.room, kernel + sizes.kernel);
  return {kernel, 0, 1};
}

// The gradients of chunks of rows, each summed up batch by batch.
PartialGradients SumOverChunks(const View& input, const View& g, const Sizes& sizes, int rows,
                               int columns, int chunks, Scratch& scratch) {
  const auto gradient_points = HWY_DYNAMIC_DISPATCH(GradientPoints);
  const size_t chunk_floats = sizes.kernel + static_cast<size_t>(sizes.outs);
  float* partial = scratch.Floats(chunk_floats * static_cast<size_t>(chunks));
  scratch.PrepareSlots(sizes.sums() + sizes.points());
  ParallelFor(chunks, [&](int chunk) {
    float* sums = scratch.SlotFloats();
    float* in_points = sums + sizes.sums();
    float* out_points = in_points + kPoints * sizes.in_point;
    float* to = partial + chunk_floats * static_cast<size_t>(chunk);
    float* bias = to + sizes.kernel;
    std::memset(sums, 0, sizes.sums() * sizeof(float));
    std::memset(bias, 0, static_cast<size_t>(sizes.outs) * sizeof(float));
    int filled = 0;
    const auto add_batch = [&] {
      for (size_t p = 0; p < kPoints; ++p) {
        PointwiseGradientRow(in_points + p * sizes.in_point, sizes.ins,
                             out_points + p * sizes.out_point, sizes.outs, filled, sizes.room,
                             sums + p * sizes.sum_point);
      }
      AddBias(sizes, out_points, filled, bias);
      filled = 0;
    };
    for (int row = ChunkBegin(rows, chunks, chunk); row < ChunkBegin(rows, chunks, chunk + 1);
         ++row) {
      for (int first = 0; first < columns;) {
        const TileRange tiles = {row, first, std::min(columns - first, sizes.room - filled)};
        const size_t at = static_cast<size_t>(filled) * kBlock;
        InputPoints(input, tiles, sizes.room, in_points + at);
        gradient_points(g, tiles, sizes.room, out_points + at);
        filled += tiles.count;
        first += tiles.count;
        if (filled == sizes.room) add_batch();
      }
    }
    if (filled > 0) add_batch();
    for (int b = 0; b < input.blocks(); ++b) TransformSumsOf(sizes, sums, b, to);
  });
  return {partial, chunk_floats, chunks};
}

}  // namespace

void WinogradWeightGradient(const View& input, const View& output_gradient, std::span<float> oihw,
                            std::span<float> bias, Scratch& scratch) {
  const View& g = output_gradient;
  const int rows = (g.height + kWinogradOut - 1) / kWinogradOut;
  const int columns = (g.width + kWinogradOut - 1) / kWinogradOut;
  const int chunks = std::min(rows, kMostChunks), chunk_rows = (rows + chunks - 1) / chunks;
  const int channels = (input.blocks() + g.blocks()) * kBlock;
  const Sizes all(input, g, rows * columns);
  // Where the sums are large and the tiles few, each sum is computed only once.
  const PartialGradients partial =
      all.points() <= 2 * all.sums()
          ? SumOverAllTiles(input, g, all, scratch)
          : SumOverChunks(input, g, Sizes(input, g, BatchTiles(channels, chunk_rows * columns)),
                          rows, columns, chunks, scratch);
  static const std::vector<Tap> taps = ForwardTaps(3, 3);
  for (size_t o = 0; o < bias.size(); ++o) {
    float sum = 0;
    for (int chunk = 0; chunk < partial.chunks; ++chunk) {
      sum += partial.data[partial.step * static_cast<size_t>(chunk) + all.kernel + o];
    }
    bias[o] = sum;
  }
  SumPartialGradients(partial, g.channels, input.channels, 3, 3, taps, oihw);
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
