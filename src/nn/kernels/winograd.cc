#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/winograd.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "nn/kernels/vectors-inl.h"
#include "nn/kernels/winograd.h"
#include "nn/kernels/winograd_tiles.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

constexpr int kOut = kWinogradOut, kIn = kWinogradIn, kPoints = kWinogradPoints;

// The transform B^T of the input, in one dimension.
HWY_INLINE void TransformInput(const V& d0, const V& d1, const V& d2, const V& d3, const V& d4,
                               const V& d5, V (&out)[kIn]) {
  const D d;
  const V two = hn::Set(d, 2.0f), four = hn::Set(d, 4.0f), five = hn::Set(d, 5.0f);
  const V even = hn::NegMulAdd(four, d2, d4);  // d4 - 4 d2
  const V odd = hn::NegMulAdd(four, d1, d3);   // d3 - 4 d1
  const V near = hn::Sub(d4, d2);
  const V twice = hn::Mul(two, hn::Sub(d3, d1));
  out[0] = hn::MulAdd(four, d0, hn::NegMulAdd(five, d2, d4));
  out[1] = hn::Add(even, odd);
  out[2] = hn::Sub(even, odd);
  out[3] = hn::Add(near, twice);
  out[4] = hn::Sub(near, twice);
  out[5] = hn::MulAdd(four, d1, hn::NegMulAdd(five, d3, d5));
}

// The transform A^T of the results, in one dimension.
HWY_INLINE void TransformOutput(const V (&m)[kIn], V (&out)[kOut]) {
  const D d;
  const V plus = hn::Add(m[1], m[2]), minus = hn::Sub(m[1], m[2]);
  const V plus2 = hn::Add(m[3], m[4]), minus2 = hn::Sub(m[3], m[4]);
  out[0] = hn::Add(hn::Add(m[0], plus), plus2);
  out[1] = hn::MulAdd(hn::Set(d, 2.0f), minus2, minus);
  out[2] = hn::MulAdd(hn::Set(d, 4.0f), plus2, plus);
  out[3] = hn::Add(hn::MulAdd(hn::Set(d, 8.0f), minus2, minus), m[5]);
}

void InputPointsOf(const View& in, const TileRange& tiles, int room, float* HWY_RESTRICT points) {
  const D d;
  const int blocks = in.blocks();
  const size_t plane = static_cast<size_t>(room) * kBlock;
  const size_t point = PointStep(plane * static_cast<size_t>(blocks));
  const int y0 = tiles.row * kOut - 1;
  HWY_ALIGN float patch[kPoints * kBlock];
  for (int b = 0; b < blocks; ++b) {
    for (int t = 0; t < tiles.count; ++t) {
      const int x0 = (tiles.first + t) * kOut - 1;
      // Inputs beyond the halo count as zero.
      const auto [from, row] = PixelsOfTile(in, b, y0, x0, kIn, in.height + 1, in.width + 1, patch);
      float* to = points + static_cast<size_t>(b) * plane + static_cast<size_t>(t) * kBlock;
      for (int m = 0; m < kBlock; m += kLanes) {
        V columns[kIn][kIn];  // [column][transformed row]
#pragma GCC unroll 6
        for (int c = 0; c < kIn; ++c) {
          const float* p = from + c * kBlock + m;
          TransformInput(hn::LoadU(d, p), hn::LoadU(d, p + row), hn::LoadU(d, p + 2 * row),
                         hn::LoadU(d, p + 3 * row), hn::LoadU(d, p + 4 * row),
                         hn::LoadU(d, p + 5 * row), columns[c]);
        }
#pragma GCC unroll 6
        for (int r = 0; r < kIn; ++r) {
          V out[kIn];
          TransformInput(columns[0][r], columns[1][r], columns[2][r], columns[3][r], columns[4][r],
                         columns[5][r], out);
#pragma GCC unroll 6
          for (int c = 0; c < kIn; ++c) {
            hn::StoreU(out[c], d, to + static_cast<size_t>(r * kIn + c) * point + m);
          }
        }
      }
    }
  }
}

// Transforms the first `count` tiles of sums[point][block][tile][16], where a block has room for
// `room` tiles, to the pixels of the output.
void OutputTiles(const float* HWY_RESTRICT sums, const TileRange& tiles, int room, const View& out,
                 const WinogradExtras& extras) {
  const D d;
  const V zero = hn::Zero(d);
  const int blocks = out.blocks();
  const size_t plane = static_cast<size_t>(room) * kBlock;
  const size_t point = PointStep(plane * static_cast<size_t>(blocks));
  const int y0 = tiles.row * kOut;
  const int rows = HWY_MIN(kOut, out.height - y0);
  for (int b = 0; b < blocks; ++b) {
    for (int t = 0; t < tiles.count; ++t) {
      const int x0 = (tiles.first + t) * kOut;
      const int columns = HWY_MIN(kOut, out.width - x0);
      const float* from = sums + static_cast<size_t>(b) * plane + static_cast<size_t>(t) * kBlock;
      for (int m = 0; m < kBlock; m += kLanes) {
        V half[kIn][kOut];  // [column][output row]
#pragma GCC unroll 6
        for (int c = 0; c < kIn; ++c) {
          V column[kIn];
#pragma GCC unroll 6
          for (int r = 0; r < kIn; ++r) {
            column[r] = hn::LoadU(d, from + static_cast<size_t>(r * kIn + c) * point + m);
          }
          TransformOutput(column, half[c]);
        }
#pragma GCC unroll 4
        for (int r = 0; r < kOut; ++r) {
          if (r >= rows) break;
          const V row[kIn] = {half[0][r], half[1][r], half[2][r],
                              half[3][r], half[4][r], half[5][r]};
          V pixels[kOut];
          TransformOutput(row, pixels);
          const int y = y0 + r;
          V bias = zero;
          if (extras.bias) {
            const int kind =
                extras.bias_by_row ? (y == 0 ? 1 : 0) | (y == out.height - 1 ? 2 : 0) : 0;
            bias = hn::LoadU(d, extras.bias + (kind * blocks + b) * kBlock + m);
          }
          float* to = out.at(b, y, x0) + m;
          const float* add =
              extras.add ? extras.add->at(b, y * extras.add_stride, x0 * extras.add_stride) + m
                         : nullptr;
          const float* positive = extras.positive ? extras.positive->at(b, y, x0) + m : nullptr;
#pragma GCC unroll 4
          for (int c = 0; c < kOut; ++c) {
            if (c >= columns) break;
            V v = hn::Add(pixels[c], bias);
            if (extras.accumulate) v = hn::Add(v, hn::LoadU(d, to + c * kBlock));
            if (add) v = hn::Add(v, hn::LoadU(d, add + c * extras.add_stride * kBlock));
            if (extras.relu) v = hn::Max(v, zero);
            if (positive) {
              v = hn::IfThenElseZero(hn::Gt(hn::LoadU(d, positive + c * kBlock), zero), v);
            }
            hn::StoreU(v, d, to + c * kBlock);
          }
        }
      }
    }
  }
}

// The transform G g G^T of kernels: from nine taps of `count` floats each to 36 points, which are
// `point_step` floats apart.
void KernelPoints(const float* const (&taps)[9], size_t count, size_t point_step,
                  float* HWY_RESTRICT points) {
  const D d;
  const V quarter = hn::Set(d, 0.25f), sixth = hn::Set(d, -1.0f / 6),
          twelfth = hn::Set(d, 1.0f / 12);
  const V twentyfourth = hn::Set(d, 1.0f / 24), sixth_plus = hn::Set(d, 1.0f / 6);
  // The transform G in one dimension.
  const auto transform = [&](const V& g0, const V& g1, const V& g2, V(&out)[kIn]) HWY_ATTR {
    const V outer = hn::Add(g0, g2);
    const V far = hn::MulAdd(twentyfourth, g0, hn::Mul(sixth_plus, g2));
    const V middle = hn::Mul(twelfth, g1);
    out[0] = hn::Mul(quarter, g0);
    out[1] = hn::Mul(sixth, hn::Add(outer, g1));
    out[2] = hn::Mul(sixth, hn::Sub(outer, g1));
    out[3] = hn::Add(far, middle);
    out[4] = hn::Sub(far, middle);
    out[5] = g2;
  };
  for (size_t i = 0; i < count; i += static_cast<size_t>(kLanes)) {
    V columns[3][kIn];
    for (int c = 0; c < 3; ++c) {
      transform(hn::LoadU(d, taps[c] + i), hn::LoadU(d, taps[3 + c] + i),
                hn::LoadU(d, taps[6 + c] + i), columns[c]);
    }
    for (int r = 0; r < kIn; ++r) {
      V out[kIn];
      transform(columns[0][r], columns[1][r], columns[2][r], out);
      for (int c = 0; c < kIn; ++c) {
        hn::StoreU(out[c], d, points + static_cast<size_t>(r * kIn + c) * point_step + i);
      }
    }
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(InputPointsOf);
HWY_EXPORT(OutputTiles);
HWY_EXPORT(KernelPoints);

void InputPoints(const View& in, const TileRange& tiles, int room, float* points) {
  HWY_DYNAMIC_DISPATCH(InputPointsOf)(in, tiles, room, points);
}

WinogradConv MakeWinogradConv(int outputs, int inputs) {
  WinogradConv conv;
  conv.outputs = Blocks(outputs) * kBlock;
  conv.inputs = inputs;
  conv.weights = Buffer(PointStep(static_cast<size_t>(conv.outputs) * static_cast<size_t>(inputs)) *
                        kWinogradPoints);
  return conv;
}

void TransformWeights(const float* packed, std::span<const Tap> taps, WinogradConv& winograd) {
  const auto kernel_points = HWY_DYNAMIC_DISPATCH(KernelPoints);
  const int tile_width = ConvTileWidth();
  const size_t point =
      PointStep(static_cast<size_t>(winograd.outputs) * static_cast<size_t>(winograd.inputs));
  const float* from = packed;
  float* to = winograd.weights.data();
  for (int o = 0; o < winograd.outputs;) {
    const int tile = std::min(tile_width, winograd.outputs - o);
    const size_t floats = static_cast<size_t>(tile) * kBlock;  // floats of one tap of one block
    for (int b = 0; b < winograd.inputs; b += kBlock) {
      const float* by_place[9];
      for (size_t t = 0; t < 9; ++t) {
        by_place[(taps[t].dy + 1) * 3 + taps[t].dx + 1] = from + t * floats;
      }
      kernel_points(by_place, floats, point, to);
      from += 9 * floats;
      to += floats;
    }
    o += tile;
  }
}

void RepackWinograd(std::span<const float> oihw, int out, int in, std::span<const Tap> taps,
                    bool transposed, float* working, WinogradConv& winograd) {
  Repack(oihw, out, in, 3, 3, taps, transposed, working);
  TransformWeights(working, taps, winograd);
}

namespace {

// A convolution's tiles, numbered row by row, and the floats between their points.
struct Tiles {
  int columns, count;
  int inputs, outputs;
  size_t InPoint(int room) const {
    return PointStep(static_cast<size_t>(room) * static_cast<size_t>(inputs));
  }
  size_t OutPoint(int room) const {
    return PointStep(static_cast<size_t>(room) * static_cast<size_t>(outputs));
  }
  // Calls function(range, at) for the parts of the tiles [begin, end) that lie in one row. Tile
  // `begin` has its points at 0.
  template <typename Function>
  void ForEachRange(int begin, int end, const Function& function) const {
    for (int i = begin; i < end;) {
      const int column = i % columns, count = std::min(columns - column, end - i);
      function(TileRange{i / columns, column, count}, static_cast<size_t>(i - begin) * kBlock);
      i += count;
    }
  }
};

// The number of tiles that a task transforms and multiplies. Their points should fit into a core's
// second-level cache, and most register tiles of the products (conv.cc) should be whole. A small
// output has a few tasks nevertheless.
int TilesOfTask(const Tiles& all) {
  constexpr int kCacheFloats = 190 * 1024, kRegisterTile = 14, kFewestTasks = 8;
  const int fitting = kCacheFloats / (kWinogradPoints * (all.inputs + all.outputs));
  const int share = (all.count + kFewestTasks - 1) / kFewestTasks;
  const int most = std::min(fitting, (share + kRegisterTile - 1) / kRegisterTile * kRegisterTile);
  return most < kRegisterTile ? std::max(8, most) : most / kRegisterTile * kRegisterTile;
}

}  // namespace

void ConvolveWinograd(const View& in, const WinogradConv& weights, const View& out,
                      const WinogradExtras& extras, Scratch& scratch) {
  constexpr size_t kPoints = kWinogradPoints;
  const auto output_tiles = HWY_DYNAMIC_DISPATCH(OutputTiles);
  const int rows = (out.height + kWinogradOut - 1) / kWinogradOut;
  const int columns = (out.width + kWinogradOut - 1) / kWinogradOut;
  const Tiles all = {columns, rows * columns, weights.inputs, weights.outputs};
  const size_t weight_point =
      PointStep(static_cast<size_t>(weights.outputs) * static_cast<size_t>(weights.inputs));
  const auto multiply = [&](size_t point, int room, const float* points, float* sums) {
    PointwiseRow(points + point * all.InPoint(room), weights.inputs,
                 weights.weights.data() + point * weight_point, weights.outputs, room,
                 sums + point * all.OutPoint(room));
  };
  if (static_cast<size_t>(all.count) * static_cast<size_t>(all.inputs + all.outputs) <=
      2 * weight_point) {
    // Reading the weights takes as long as reading the points, so all tiles are multiplied with a
    // point's weights at once.
    float* points = scratch.Floats(kPoints * (all.InPoint(all.count) + all.OutPoint(all.count)));
    float* sums = points + kPoints * all.InPoint(all.count);
    const auto range = [&](int row) { return TileRange{row, 0, columns}; };
    const auto at = [&](int row) { return static_cast<size_t>(row * columns) * kBlock; };
    ParallelFor(rows, [&](int row) { InputPoints(in, range(row), all.count, points + at(row)); });
    ParallelFor(kWinogradPoints,
                [&](int point) { multiply(static_cast<size_t>(point), all.count, points, sums); });
    ParallelFor(rows,
                [&](int row) { output_tiles(sums + at(row), range(row), all.count, out, extras); });
    return;
  }
  const int most = TilesOfTask(all), tasks = (all.count + most - 1) / most;
  scratch.PrepareSlots(kPoints * (all.InPoint(most) + all.OutPoint(most)));
  ParallelFor(tasks, [&](int task) {
    const int begin = ChunkBegin(all.count, tasks, task);
    const int end = ChunkBegin(all.count, tasks, task + 1);
    const int room = end - begin;
    float* points = scratch.SlotFloats();
    float* sums = points + kPoints * all.InPoint(room);
    all.ForEachRange(begin, end, [&](const TileRange& tiles, size_t at) {
      InputPoints(in, tiles, room, points + at);
    });
    for (size_t point = 0; point < kPoints; ++point) multiply(point, room, points, sums);
    all.ForEachRange(begin, end, [&](const TileRange& tiles, size_t at) {
      output_tiles(sums + at, tiles, room, out, extras);
    });
  });
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
