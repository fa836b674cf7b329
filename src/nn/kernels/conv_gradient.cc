#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/conv_gradient.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "nn/kernels/conv_gradient.h"
#include "nn/kernels/vectors-inl.h"

#ifndef SHADOWTUTOR_NN_KERNELS_CONV_GRADIENT_CC_ONCE
#define SHADOWTUTOR_NN_KERNELS_CONV_GRADIENT_CC_ONCE
namespace shadowtutor::nn {

struct WeightGradientTask {
  const float* in;  // pixel (0, 0) of block 0
  size_t in_row, in_plane;
  int channels, stride, taps;
  ptrdiff_t offset[9];
  const float* g;
  size_t g_row, g_plane;
  int g_blocks, g_width;
};

}  // namespace shadowtutor::nn
#endif  // SHADOWTUTOR_NN_KERNELS_CONV_GRADIENT_CC_ONCE

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

constexpr int kVectors = 2;
// A register tile accumulates kInputs input channels x kVectors vectors of output channels, and a
// smaller one what is left of a block.
constexpr int kInputs = kLanes == 16 || HWY_ARCH_ARM_A64 ? 8 : kLanes == 8 ? 6 : 4;
constexpr int kPixelsPerPass = 64;  // so many fit into the first-level cache

// Adds the contribution of `pixels` pixels to w[kRows inputs][kV * kLanes outputs].
template <int kRows, int kV, int kStride>
HWY_INLINE void AddInputs(const float* HWY_RESTRICT x, const float* HWY_RESTRICT g, size_t g_plane,
                          int pixels, float* HWY_RESTRICT w) {
  const D d;
  V sum[kRows][kV];
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) sum[i][v] = hn::Load(d, w + (i * kV + v) * kLanes);
  }
  for (int p = 0; p < pixels; ++p, x += kStride * kBlock, g += kBlock) {
    V gv[kV];
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) {
      gv[v] =
          hn::Load(d, g + static_cast<size_t>(v * kLanes / kBlock) * g_plane + v * kLanes % kBlock);
    }
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const V xv = hn::Set(d, x[i]);
#pragma GCC unroll 4
      for (int v = 0; v < kV; ++v) sum[i][v] = hn::MulAdd(xv, gv[v], sum[i][v]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) hn::Store(sum[i][v], d, w + (i * kV + v) * kLanes);
  }
}

// Adds the contribution of pixels [0, pixels) of a row to dw[block][tap][16 inputs][kV * kLanes
// outputs].
template <int kV, int kStride>
HWY_INLINE void AddPixels(const WeightGradientTask& task, const float* HWY_RESTRICT in,
                          const float* HWY_RESTRICT g, int pixels, float* HWY_RESTRICT dw) {
  // A block's inputs are taken as whole tiles and what is left: 16 as 8 + 8, or as 6 + 6 + 4.
  constexpr int kRest = kBlock % kInputs == 0 ? kInputs : kBlock % kInputs;
  for (int left = task.channels; left > 0; left -= kBlock, in += task.in_plane) {
    const int inputs = HWY_MIN(left, kBlock);
    for (int tap = 0; tap < task.taps; ++tap, dw += kBlock * kV * kLanes) {
      const float* x = in + task.offset[tap];
      int c = 0;
      for (; c + kRest < inputs && c + kInputs <= kBlock; c += kInputs) {
        AddInputs<kInputs, kV, kStride>(x + c, g, task.g_plane, pixels, dw + c * kV * kLanes);
      }
      for (; c < inputs; c += kRest) {
        AddInputs<kRest, kV, kStride>(x + c, g, task.g_plane, pixels, dw + c * kV * kLanes);
      }
    }
  }
}

template <int kV>
HWY_INLINE void AddBias(const WeightGradientTask& task, const float* HWY_RESTRICT g, int pixels,
                        float* HWY_RESTRICT db) {
  const D d;
  for (int v = 0; v < kV; ++v) {
    const float* gp =
        g + static_cast<size_t>(v * kLanes / kBlock) * task.g_plane + v * kLanes % kBlock;
    V sum = hn::Load(d, db + v * kLanes);
    for (int p = 0; p < pixels; ++p) sum = hn::Add(sum, hn::Load(d, gp + p * kBlock));
    hn::Store(sum, d, db + v * kLanes);
  }
}

template <int kV>
HWY_INLINE void AddTile(const WeightGradientTask& task, const float* in, const float* g, int pixels,
                        float* dw, float* db) {
  if (task.stride == 1) {
    AddPixels<kV, 1>(task, in, g, pixels, dw);
  } else {
    AddPixels<kV, 2>(task, in, g, pixels, dw);
  }
  if (db) AddBias<kV>(task, g, pixels, db);
}

// Adds the contributions of rows [y0, y1) to dw ([tile][block][tap][16][tile width]) and db
// ([outputs]; null: not wanted).
void WeightGradientRows(const WeightGradientTask& task, int y0, int y1, float* dw, float* db) {
  constexpr int kTile = kVectors * kLanes;
  const int outputs = task.g_blocks * kBlock;
  const size_t per_output = static_cast<size_t>(Blocks(task.channels) * kBlock * task.taps);
  for (int y = y0; y < y1; ++y) {
    for (int x = 0; x < task.g_width; x += kPixelsPerPass) {
      const int pixels = HWY_MIN(kPixelsPerPass, task.g_width - x);
      const size_t ux = static_cast<size_t>(x), uy = static_cast<size_t>(y);
      const size_t stride = static_cast<size_t>(task.stride);
      const float* in = task.in + uy * stride * task.in_row + ux * stride * kBlock;
      for (int o = 0; o < outputs;) {
        const int tile = HWY_MIN(kTile, outputs - o);
        const float* g = task.g + static_cast<size_t>(o / kBlock) * task.g_plane + uy * task.g_row +
                         ux * kBlock + o % kBlock;
        float* tile_dw = dw + static_cast<size_t>(o) * per_output;
        if (tile == kTile) {
          AddTile<kVectors>(task, in, g, pixels, tile_dw, db ? db + o : nullptr);
        } else {
          AddTile<1>(task, in, g, pixels, tile_dw, db ? db + o : nullptr);
        }
        o += tile;
      }
    }
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(WeightGradientRows);

void PointwiseGradientRow(const float* in, int inputs, const float* g, int outputs, int pixels,
                          int room, float* dw) {
  WeightGradientTask task{};
  task.in = in;
  task.in_plane = static_cast<size_t>(room) * kBlock;
  task.channels = inputs;
  task.stride = 1;
  task.taps = 1;
  task.g = g;
  task.g_plane = task.in_plane;
  task.g_blocks = Blocks(outputs);
  task.g_width = pixels;
  HWY_DYNAMIC_DISPATCH(WeightGradientRows)(task, 0, 1, dw, nullptr);
}

void SumPartialGradients(const PartialGradients& partial, int out, int in, int kh, int kw,
                         std::span<const Tap> taps, std::span<float> oihw) {
  const int tile_width = ConvTileWidth(), outputs = Blocks(out) * kBlock;
  const int tiles = (outputs + tile_width - 1) / tile_width;
  const int blocks = Blocks(in), count = static_cast<int>(taps.size());
  const size_t kernel = static_cast<size_t>(kh * kw);
  const size_t per_output = static_cast<size_t>(blocks * kBlock * count);
  // A task sums one tile and block over the chunks, in their order, and writes the sums to their
  // places in [out][in][kh][kw].
  ParallelFor(tiles * blocks, [&](int index) {
    const int o0 = index / blocks * tile_width, block = index % blocks;
    const int tile = std::min(tile_width, outputs - o0);
    const size_t floats = static_cast<size_t>(count * kBlock * tile);
    float* sum =
        partial.data + static_cast<size_t>(o0) * per_output + static_cast<size_t>(block) * floats;
    for (int chunk = 1; chunk < partial.chunks; ++chunk) {
      const float* add = sum + partial.step * static_cast<size_t>(chunk);
      for (size_t i = 0; i < floats; ++i) sum[i] += add[i];
    }
    const int inputs = std::min(kBlock, in - block * kBlock), reals = std::min(tile, out - o0);
    for (int t = 0; t < count; ++t) {
      for (int i = 0; i < inputs; ++i) {
        const float* from = sum + static_cast<size_t>((t * kBlock + i) * tile);
        float* to = oihw.data() +
                    (static_cast<size_t>(o0) * static_cast<size_t>(in) +
                     static_cast<size_t>(block * kBlock + i)) *
                        kernel +
                    static_cast<size_t>(taps[static_cast<size_t>(t)].kh * kw +
                                        taps[static_cast<size_t>(t)].kw);
        const size_t step = static_cast<size_t>(in) * kernel;
        for (int j = 0; j < reals; ++j) to[static_cast<size_t>(j) * step] = from[j];
      }
    }
  });
}

void ConvolutionWeightGradient(const View& input, int stride, std::span<const Tap> taps,
                               const View& output_gradient, int kh, int kw, std::span<float> oihw,
                               std::span<float> bias, Scratch& scratch) {
  WeightGradientTask task{};
  task.in = input.at(0, 0, 0);
  task.in_row = input.row();
  task.in_plane = input.plane();
  task.channels = input.channels;
  task.stride = stride;
  task.taps = static_cast<int>(taps.size());
  for (size_t t = 0; t < taps.size(); ++t) {
    task.offset[t] = taps[t].dy * static_cast<ptrdiff_t>(input.row()) +
                     taps[t].dx * static_cast<ptrdiff_t>(kBlock);
  }
  task.g = output_gradient.at(0, 0, 0);
  task.g_row = output_gradient.row();
  task.g_plane = output_gradient.plane();
  task.g_blocks = output_gradient.blocks();
  task.g_width = output_gradient.width;

  const int rows = output_gradient.height;
  const int chunks = SumChunks(rows);
  const int out = output_gradient.channels, in = input.channels;
  const size_t outputs = static_cast<size_t>(task.g_blocks * kBlock);
  const size_t per_output = static_cast<size_t>(Blocks(in) * kBlock * task.taps);
  const size_t chunk_floats = outputs * (per_output + 1);
  float* partial = scratch.Floats(chunk_floats * static_cast<size_t>(chunks));
  const auto rows_of = HWY_DYNAMIC_DISPATCH(WeightGradientRows);
  ParallelFor(chunks, [&](int chunk) {
    float* dw = partial + chunk_floats * static_cast<size_t>(chunk);
    std::memset(dw, 0, chunk_floats * sizeof(float));
    rows_of(task, ChunkBegin(rows, chunks, chunk), ChunkBegin(rows, chunks, chunk + 1), dw,
            dw + outputs * per_output);
  });

  SumPartialGradients({partial, chunk_floats, chunks}, out, in, kh, kw, taps, oihw);
  for (int o = 0; o < out; ++o) {
    float sum = 0;
    for (int chunk = 0; chunk < chunks; ++chunk) {
      sum += partial[chunk_floats * static_cast<size_t>(chunk) + outputs * per_output +
                     static_cast<size_t>(o)];
    }
    bias[static_cast<size_t>(o)] = sum;
  }
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
