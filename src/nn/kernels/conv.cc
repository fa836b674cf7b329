#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/conv.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>

#include "core/parallel.h"
#include "nn/kernels/conv.h"
#include "nn/kernels/vectors-inl.h"

#ifndef SHADOWTUTOR_NN_KERNELS_CONV_CC_ONCE
#define SHADOWTUTOR_NN_KERNELS_CONV_CC_ONCE
namespace shadowtutor::nn {

constexpr int kMaxConvInputs = 2;
constexpr int kMaxTaps = 9;

// An input of the convolution, with its taps as offsets in floats.
struct RowInput {
  const float* base;  // pixel (0, 0) of block 0
  size_t row, plane;
  int channels, stride, taps;
  ptrdiff_t offset[kMaxTaps];
  const float* weights;
};

struct RowTask {
  RowInput inputs[kMaxConvInputs];
  int input_count;
  int blocks;  // output channels / 16
  int width;
  float* out;
  size_t out_row, out_plane, out_pixel;
  const float* bias;
  const float* add;
  size_t add_row, add_plane, add_pixel;
  const float* positive;
  bool relu;
};

}  // namespace shadowtutor::nn
#endif  // SHADOWTUTOR_NN_KERNELS_CONV_CC_ONCE

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// The register tile has kPixels x kVectors accumulators, which leaves registers for the weights and
// the broadcast input.
constexpr int kVectors = 2;
constexpr int kPixels = kLanes == 16 ? 14 : kLanes == 8 ? 6 : HWY_ARCH_ARM_A64 ? 8 : 4;

// The addresses that one register tile reads and writes.
struct TileAt {
  const float* in[kMaxConvInputs];
  const float* weights[kMaxConvInputs];
  const float* bias;
  float* out;
  const float* add;
  const float* positive;
};

template <int kP, int kV, int kStride>
HWY_INLINE void Accumulate(const RowInput& input, const float* HWY_RESTRICT in,
                           const float* HWY_RESTRICT w, V (&sum)[kP][kV]) {
  const D d;
  for (int left = input.channels; left > 0; left -= kBlock, in += input.plane) {
    const int channels = HWY_MIN(left, kBlock);
    for (int tap = 0; tap < input.taps; ++tap) {
      const float* HWY_RESTRICT x = in + input.offset[tap];
#if HWY_ARCH_ARM_A64
      // Loads four channels at a time, so that the compiler uses multiplication by a lane.
      for (int c = 0; c < channels; c += 4, x += 4, w += 4 * kV * kLanes) {
        V xv[kP];
        for (int p = 0; p < kP; ++p) xv[p] = hn::LoadU(d, x + p * kStride * kBlock);
        for (int v = 0; v < kV; ++v) {
          const V w0 = hn::Load(d, w + v * kLanes);
          for (int p = 0; p < kP; ++p)
            sum[p][v] = hn::MulAdd(hn::Broadcast<0>(xv[p]), w0, sum[p][v]);
        }
        for (int v = 0; v < kV; ++v) {
          const V w1 = hn::Load(d, w + (kV + v) * kLanes);
          for (int p = 0; p < kP; ++p)
            sum[p][v] = hn::MulAdd(hn::Broadcast<1>(xv[p]), w1, sum[p][v]);
        }
        for (int v = 0; v < kV; ++v) {
          const V w2 = hn::Load(d, w + (2 * kV + v) * kLanes);
          for (int p = 0; p < kP; ++p)
            sum[p][v] = hn::MulAdd(hn::Broadcast<2>(xv[p]), w2, sum[p][v]);
        }
        for (int v = 0; v < kV; ++v) {
          const V w3 = hn::Load(d, w + (3 * kV + v) * kLanes);
          for (int p = 0; p < kP; ++p)
            sum[p][v] = hn::MulAdd(hn::Broadcast<3>(xv[p]), w3, sum[p][v]);
        }
      }
#else
      for (int c = 0; c < channels; ++c, ++x, w += kV * kLanes) {
        V wv[kV];
#pragma GCC unroll 4
        for (int v = 0; v < kV; ++v) wv[v] = hn::Load(d, w + v * kLanes);
#pragma GCC unroll 16
        for (int p = 0; p < kP; ++p) {
          const V xv = hn::Set(d, x[p * kStride * kBlock]);
#pragma GCC unroll 4
          for (int v = 0; v < kV; ++v) sum[p][v] = hn::MulAdd(xv, wv[v], sum[p][v]);
        }
      }
#endif
    }
  }
}

template <int kP, int kV>
HWY_NOINLINE void Tile(const RowTask& task, const TileAt& at) {
  const D d;
  V sum[kP][kV];
#pragma GCC unroll 4
  for (int v = 0; v < kV; ++v) {
    const V start = at.bias ? hn::LoadU(d, at.bias + v * kLanes) : hn::Zero(d);
#pragma GCC unroll 16
    for (int p = 0; p < kP; ++p) sum[p][v] = start;
  }
  for (int i = 0; i < task.input_count; ++i) {
    if (task.inputs[i].stride == 1) {
      Accumulate<kP, kV, 1>(task.inputs[i], at.in[i], at.weights[i], sum);
    } else {
      Accumulate<kP, kV, 2>(task.inputs[i], at.in[i], at.weights[i], sum);
    }
  }
  const V zero = hn::Zero(d);
#pragma GCC unroll 4
  for (int v = 0; v < kV; ++v) {
    const size_t block = static_cast<size_t>(v * kLanes / kBlock);
    const size_t lane = static_cast<size_t>(v * kLanes % kBlock);
    float* HWY_RESTRICT out = at.out + block * task.out_plane + lane;
    const float* HWY_RESTRICT add = at.add ? at.add + block * task.add_plane + lane : nullptr;
    const float* HWY_RESTRICT positive =
        at.positive ? at.positive + block * task.out_plane + lane : nullptr;
#pragma GCC unroll 16
    for (int p = 0; p < kP; ++p) {
      V s = sum[p][v];
      if (add) s = hn::Add(s, hn::LoadU(d, add + p * task.add_pixel));
      if (task.relu) s = hn::Max(s, zero);
      if (positive) {
        s = hn::IfThenElseZero(hn::Gt(hn::LoadU(d, positive + p * task.out_pixel), zero), s);
      }
      hn::StoreU(s, d, out + p * task.out_pixel);
    }
  }
}

// The smallest tile of at least `pixels` pixels that is not wider than `width`; if there is none,
// the largest tile that is not wider.
HWY_INLINE int TilePixels(int pixels, int width) {
  constexpr int kSizes[] = {1, 2, 4, 6, 8, 14};
  int best = 1;
  for (const int size : kSizes) {
    if (size > kPixels || size > width) break;
    best = size;
    if (size >= pixels) break;
  }
  return best;
}

template <int kV>
HWY_INLINE void RunTile(int pixels, const RowTask& task, const TileAt& at) {
  switch (pixels) {
    case 1:
      return Tile<1, kV>(task, at);
    case 2:
      return Tile<2, kV>(task, at);
    case 4:
      return Tile<4, kV>(task, at);
#if !(HWY_MAX_BYTES == 16 && !HWY_ARCH_ARM_A64)
    case 6:
      return Tile<6, kV>(task, at);
#endif
#if HWY_MAX_BYTES == 64 || HWY_ARCH_ARM_A64
    case 8:
      return Tile<8, kV>(task, at);
#endif
#if HWY_MAX_BYTES == 64
    case 14:
      return Tile<14, kV>(task, at);
#endif
    default:
      break;
  }
}

void ConvolveRow(const RowTask& task, int y) {
  constexpr int kTile = kVectors * kLanes;
  const int outputs = task.blocks * kBlock;
  for (int o = 0; o < outputs;) {
    const int tile = HWY_MIN(kTile, outputs - o);
    const size_t block = static_cast<size_t>(o / kBlock), lane = static_cast<size_t>(o % kBlock);
    for (int x = 0; x < task.width;) {
      const int left = task.width - x;
      const int pixels = left >= kPixels ? kPixels : TilePixels(left, task.width);
      // A tile wider than the rest of the row starts earlier and computes some pixels again.
      const int x0 = HWY_MIN(x, task.width - pixels);
      const size_t ux = static_cast<size_t>(x0), uy = static_cast<size_t>(y);
      TileAt at;
      for (int i = 0; i < task.input_count; ++i) {
        const RowInput& input = task.inputs[i];
        const size_t stride = static_cast<size_t>(input.stride);
        at.in[i] = input.base + uy * stride * input.row + ux * stride * kBlock;
        at.weights[i] = input.weights + static_cast<size_t>(o) *
                                            static_cast<size_t>(input.channels) *
                                            static_cast<size_t>(input.taps);
      }
      at.bias = task.bias ? task.bias + o : nullptr;
      const size_t out_at = block * task.out_plane + uy * task.out_row + ux * task.out_pixel + lane;
      at.out = task.out + out_at;
      at.positive = task.positive ? task.positive + out_at : nullptr;
      at.add = task.add ? task.add + block * task.add_plane + uy * task.add_row +
                              ux * task.add_pixel + lane
                        : nullptr;
      if (tile == kTile) {
        RunTile<kVectors>(pixels, task, at);
      } else {
        RunTile<1>(pixels, task, at);  // happens only where a vector has 16 floats
      }
      x = x0 + pixels;
    }
    o += tile;
  }
}

int TileWidth() { return kVectors * kLanes; }
int64_t Target() { return HWY_TARGET; }

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(ConvolveRow);
HWY_EXPORT(TileWidth);
HWY_EXPORT(Target);

int64_t CompiledTargets() { return HWY_TARGETS; }
int64_t ActiveTarget() { return HWY_DYNAMIC_DISPATCH(Target)(); }
int ConvTileWidth() { return HWY_DYNAMIC_DISPATCH(TileWidth)(); }

std::vector<Tap> ForwardTaps(int kh, int kw) {
  std::vector<Tap> taps;
  for (int r = 0; r < kh; ++r) {
    for (int c = 0; c < kw; ++c) taps.push_back({r - kh / 2, c - kw / 2, r, c});
  }
  return taps;
}

std::vector<Tap> BackwardTaps(int kh, int kw) {
  std::vector<Tap> taps;
  for (int r = 0; r < kh; ++r) {
    for (int c = 0; c < kw; ++c) taps.push_back({kh / 2 - r, kw / 2 - c, r, c});
  }
  return taps;
}

std::vector<Tap> BackwardTapsStride2(int kh, int kw, int parity_y, int parity_x) {
  // With weight r, output pixel o reads input pixel i = 2 o + r - k/2. So input pixel
  // i = 2 y + parity is read by output pixel o = y + (parity + k/2 - r) / 2, if that is an integer.
  std::vector<Tap> taps;
  for (int r = 0; r < kh; ++r) {
    const int dy = parity_y + kh / 2 - r;
    if (dy % 2 != 0) continue;
    for (int c = 0; c < kw; ++c) {
      const int dx = parity_x + kw / 2 - c;
      if (dx % 2 == 0) taps.push_back({dy / 2, dx / 2, r, c});
    }
  }
  return taps;
}

PackedConv MakePackedConv(int outputs, int inputs, int taps) {
  PackedConv packed;
  packed.outputs = Blocks(outputs) * kBlock;
  packed.inputs = inputs;
  packed.taps = taps;
  packed.weights = Buffer(static_cast<size_t>(packed.outputs) * static_cast<size_t>(inputs) *
                          static_cast<size_t>(taps));
  return packed;
}

void Repack(std::span<const float> oihw, int out, int in, int kh, int kw, std::span<const Tap> taps,
            bool transposed, float* w) {
  const int outputs = transposed ? in : out;
  const int inputs = transposed ? out : in;
  const int whole = Blocks(outputs) * kBlock;
  const int tile_width = ConvTileWidth();
  const size_t kernel = static_cast<size_t>(kh) * static_cast<size_t>(kw);
  // The distances in `oihw` between successive output channels, and input channels, of the packed
  // kernel.
  const size_t output_step = transposed ? kernel : static_cast<size_t>(in) * kernel;
  const size_t input_step = transposed ? static_cast<size_t>(in) * kernel : kernel;
  for (int o = 0; o < whole;) {
    const int tile = std::min(tile_width, whole - o);
    const int real = std::clamp(outputs - o, 0, tile);
    for (int b = 0; b < inputs; b += kBlock) {
      for (const Tap& tap : taps) {
        for (int i = b; i < std::min(b + kBlock, inputs); ++i, w += tile) {
          const float* from = oihw.data() + static_cast<size_t>(o) * output_step +
                              static_cast<size_t>(i) * input_step +
                              static_cast<size_t>(tap.kh * kw + tap.kw);
          for (int j = 0; j < real; ++j) w[j] = from[static_cast<size_t>(j) * output_step];
          for (int j = real; j < tile; ++j) w[j] = 0.0f;
        }
      }
    }
    o += tile;
  }
}

void Repack(std::span<const float> oihw, int out, int in, int kh, int kw, std::span<const Tap> taps,
            bool transposed, PackedConv& packed) {
  Repack(oihw, out, in, kh, kw, taps, transposed, packed.weights.data());
}

void PointwiseRow(const float* in, int inputs, const float* weights, int outputs, int pixels,
                  float* out) {
  RowTask task{};
  const size_t plane = static_cast<size_t>(pixels) * kBlock;
  task.input_count = 1;
  task.inputs[0] = {in, plane, plane, inputs, 1, 1, {0}, weights};
  task.blocks = outputs / kBlock;
  task.width = pixels;
  task.out = out;
  task.out_row = task.out_plane = plane;
  task.out_pixel = kBlock;
  HWY_DYNAMIC_DISPATCH(ConvolveRow)(task, 0);
}

void Convolve(std::span<const ConvInput> inputs, const ConvOutput& output,
              const ConvExtras& extras) {
  RowTask task{};
  task.input_count = static_cast<int>(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    const ConvInput& input = inputs[i];
    RowInput& row = task.inputs[i];
    row.base = input.view.at(0, 0, 0);
    row.row = input.view.row();
    row.plane = input.view.plane();
    row.channels = input.weights->inputs;
    row.stride = input.stride;
    row.taps = static_cast<int>(input.taps.size());
    for (size_t t = 0; t < input.taps.size(); ++t) {
      row.offset[t] = input.taps[t].dy * static_cast<ptrdiff_t>(row.row) +
                      input.taps[t].dx * static_cast<ptrdiff_t>(kBlock);
    }
    row.weights = input.weights->weights.data();
  }
  const View& out = output.view;
  const size_t step = static_cast<size_t>(output.step);
  task.blocks = out.blocks();
  task.width = output.width;
  task.out = out.at(0, output.y0, output.x0);
  task.out_row = step * out.row();
  task.out_plane = out.plane();
  task.out_pixel = step * kBlock;
  task.bias = extras.bias;
  if (extras.add) {
    const size_t stride = static_cast<size_t>(extras.add_stride);
    task.add = extras.add->at(0, output.y0, output.x0);
    task.add_row = step * stride * extras.add->row();
    task.add_plane = extras.add->plane();
    task.add_pixel = step * stride * kBlock;
  }
  if (extras.positive) task.positive = extras.positive->at(0, output.y0, output.x0);
  task.relu = extras.relu;
  const auto convolve_row = HWY_DYNAMIC_DISPATCH(ConvolveRow);
  ParallelFor(output.height, [&](int y) { convolve_row(task, y); });
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
