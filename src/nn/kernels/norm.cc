#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/norm.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "nn/kernels/norm.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

constexpr int kParts = kBlock / kLanes;  // vectors in a block

HWY_INLINE void AddLanes(const V (&sum)[kParts], double* HWY_RESTRICT to) {
  const D d;
  HWY_ALIGN float lanes[kBlock] = {};
  for (int m = 0; m < kParts; ++m) hn::Store(sum[m], d, lanes + m * kLanes);
  for (int c = 0; c < kBlock; ++c) to[c] += static_cast<double>(lanes[c]);
}

// For rows [y0, y1) of one block: the sums of (x - pivot) and of its square, 16 of each. With a
// pivot near the mean, subtracting the squares later loses little precision.
void Moments(const View& x, int block, int y0, int y1, const float* HWY_RESTRICT pivot,
             double* HWY_RESTRICT sum, double* HWY_RESTRICT square) {
  const D d;
  std::fill_n(sum, kBlock, 0.0);
  std::fill_n(square, kBlock, 0.0);
  V shift[kParts];
  for (int m = 0; m < kParts; ++m) shift[m] = hn::LoadU(d, pivot + m * kLanes);
  for (int y = y0; y < y1; ++y) {
    const float* HWY_RESTRICT p = x.at(block, y, 0);
    V s0[kParts], s1[kParts], q0[kParts], q1[kParts];
    for (int m = 0; m < kParts; ++m) s0[m] = s1[m] = q0[m] = q1[m] = hn::Zero(d);
    int i = 0;
    for (; i + 2 <= x.width; i += 2, p += 2 * kBlock) {
#pragma GCC unroll 4
      for (int m = 0; m < kParts; ++m) {
        const V a = hn::Sub(hn::Load(d, p + m * kLanes), shift[m]);
        const V b = hn::Sub(hn::Load(d, p + kBlock + m * kLanes), shift[m]);
        s0[m] = hn::Add(s0[m], a);
        s1[m] = hn::Add(s1[m], b);
        q0[m] = hn::MulAdd(a, a, q0[m]);
        q1[m] = hn::MulAdd(b, b, q1[m]);
      }
    }
    if (i < x.width) {
      for (int m = 0; m < kParts; ++m) {
        const V a = hn::Sub(hn::Load(d, p + m * kLanes), shift[m]);
        s0[m] = hn::Add(s0[m], a);
        q0[m] = hn::MulAdd(a, a, q0[m]);
      }
    }
    for (int m = 0; m < kParts; ++m) {
      s0[m] = hn::Add(s0[m], s1[m]);
      q0[m] = hn::Add(q0[m], q1[m]);
    }
    AddLanes(s0, sum);
    AddLanes(q0, square);
  }
}

void ScaleShiftRelu(const View& x, const View& p, int block, int y, const float* HWY_RESTRICT mul,
                    const float* HWY_RESTRICT add) {
  const D d;
  const V zero = hn::Zero(d);
  const float* from = x.at(block, y, 0);
  float* to = p.at(block, y, 0);
  V k[kParts], b[kParts];
  for (int m = 0; m < kParts; ++m) {
    k[m] = hn::LoadU(d, mul + m * kLanes);
    b[m] = hn::LoadU(d, add + m * kLanes);
  }
  for (int i = 0; i < x.width; ++i, from += kBlock, to += kBlock) {
#pragma GCC unroll 4
    for (int m = 0; m < kParts; ++m) {
      hn::Store(hn::Max(zero, hn::MulAdd(hn::Load(d, from + m * kLanes), k[m], b[m])), d,
                to + m * kLanes);
    }
  }
}

// For rows [y0, y1) of one block: the sums of g and of g * (x - mean), 16 of each.
void GradientMoments(const View& x, const View& g, int block, int y0, int y1,
                     const float* HWY_RESTRICT mean, double* HWY_RESTRICT sum,
                     double* HWY_RESTRICT product) {
  const D d;
  std::fill_n(sum, kBlock, 0.0);
  std::fill_n(product, kBlock, 0.0);
  V shift[kParts];
  for (int m = 0; m < kParts; ++m) shift[m] = hn::LoadU(d, mean + m * kLanes);
  for (int y = y0; y < y1; ++y) {
    const float* HWY_RESTRICT px = x.at(block, y, 0);
    const float* HWY_RESTRICT pg = g.at(block, y, 0);
    V s[kParts], q[kParts];
    for (int m = 0; m < kParts; ++m) s[m] = q[m] = hn::Zero(d);
    for (int i = 0; i < x.width; ++i, px += kBlock, pg += kBlock) {
#pragma GCC unroll 4
      for (int m = 0; m < kParts; ++m) {
        const V gv = hn::Load(d, pg + m * kLanes);
        s[m] = hn::Add(s[m], gv);
        q[m] = hn::MulAdd(gv, hn::Sub(hn::Load(d, px + m * kLanes), shift[m]), q[m]);
      }
    }
    AddLanes(s, sum);
    AddLanes(q, product);
  }
}

// dx = by_g * g + by_x * (x - mean) + constant, added to dx if `accumulate`.
void GradientToInput(const View& x, const View& g, const View& dx, int block, int y,
                     const float* mean, const float* by_g, const float* by_x, const float* constant,
                     bool accumulate) {
  const D d;
  const float* px = x.at(block, y, 0);
  const float* pg = g.at(block, y, 0);
  float* to = dx.at(block, y, 0);
  for (int i = 0; i < x.width; ++i, px += kBlock, pg += kBlock, to += kBlock) {
#pragma GCC unroll 4
    for (int m = 0; m < kParts; ++m) {
      const V centred = hn::Sub(hn::Load(d, px + m * kLanes), hn::LoadU(d, mean + m * kLanes));
      V v =
          hn::MulAdd(centred, hn::LoadU(d, by_x + m * kLanes), hn::LoadU(d, constant + m * kLanes));
      v = hn::MulAdd(hn::Load(d, pg + m * kLanes), hn::LoadU(d, by_g + m * kLanes), v);
      if (accumulate) v = hn::Add(v, hn::Load(d, to + m * kLanes));
      hn::Store(v, d, to + m * kLanes);
    }
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(Moments);
HWY_EXPORT(ScaleShiftRelu);
HWY_EXPORT(GradientMoments);
HWY_EXPORT(GradientToInput);

namespace {

// The sums for one channel of the partial results [blocks][chunks][2][16], added chunk by chunk.
struct TwoSums {
  double first = 0, second = 0;
};
TwoSums SumOverChunks(const double* partial, int chunks, int channel) {
  const double* p = partial + static_cast<size_t>(channel / kBlock * chunks) * 2 * kBlock;
  TwoSums sums;
  for (int chunk = 0; chunk < chunks; ++chunk, p += 2 * kBlock) {
    sums.first += p[channel % kBlock];
    sums.second += p[kBlock + channel % kBlock];
  }
  return sums;
}

}  // namespace

void ComputeNorm(const View& x, std::span<const float> scale, std::span<const float> shift,
                 NormStatistics& statistics, Scratch& scratch) {
  const int chunks = SumChunks(x.height), blocks = x.blocks();
  double* partial = scratch.Doubles(static_cast<size_t>(blocks * chunks) * 2 * kBlock);
  float* pivots = scratch.Floats(static_cast<size_t>(blocks) * kBlock);
  for (int b = 0; b < blocks; ++b) {
    std::copy_n(x.at(b, x.height / 2, x.width / 2), kBlock, pivots + b * kBlock);
  }
  const auto moments = HWY_DYNAMIC_DISPATCH(Moments);
  ParallelFor(blocks * chunks, [&](int task) {
    const int b = task / chunks, chunk = task % chunks;
    double* sums = partial + static_cast<size_t>(task) * 2 * kBlock;
    moments(x, b, ChunkBegin(x.height, chunks, chunk), ChunkBegin(x.height, chunks, chunk + 1),
            pivots + b * kBlock, sums, sums + kBlock);
  });
  const double pixels = static_cast<double>(x.height) * x.width;
  for (int c = 0; c < blocks * kBlock; ++c) {
    const auto uc = static_cast<size_t>(c);
    if (c >= x.channels) {
      statistics.multiplier[uc] = statistics.offset[uc] = 0;
      statistics.mean[uc] = statistics.reciprocal_deviation[uc] = 0;
      continue;
    }
    const TwoSums sums = SumOverChunks(partial, chunks, c);
    const double centred = sums.first / pixels;
    const double variance = std::max(0.0, sums.second / pixels - centred * centred);
    const double mean = centred + static_cast<double>(pivots[c]);
    const double reciprocal = 1.0 / std::sqrt(variance + kNormEpsilon);
    statistics.mean[uc] = static_cast<float>(mean);
    statistics.reciprocal_deviation[uc] = static_cast<float>(reciprocal);
    statistics.multiplier[uc] = static_cast<float>(static_cast<double>(scale[uc]) * reciprocal);
    statistics.offset[uc] = static_cast<float>(static_cast<double>(shift[uc]) -
                                               mean * static_cast<double>(scale[uc]) * reciprocal);
  }
}

void NormRelu(const View& x, std::span<const float> scale, std::span<const float> shift,
              const View& p, NormStatistics& statistics, Scratch& scratch) {
  ComputeNorm(x, scale, shift, statistics, scratch);
  const int chunks = SumChunks(x.height), blocks = x.blocks();
  const auto apply = HWY_DYNAMIC_DISPATCH(ScaleShiftRelu);
  ParallelFor(blocks * chunks, [&](int task) {
    const int b = task / chunks, chunk = task % chunks;
    const int end = ChunkBegin(x.height, chunks, chunk + 1);
    for (int y = ChunkBegin(x.height, chunks, chunk); y < end; ++y) {
      apply(x, p, b, y, statistics.multiplier.data() + b * kBlock,
            statistics.offset.data() + b * kBlock);
    }
  });
}

void NormReluBackward(const View& x, const View& g, std::span<const float> scale,
                      const NormStatistics& statistics, std::span<float> scale_gradient,
                      std::span<float> shift_gradient, const View* dx, bool accumulate,
                      Scratch& scratch, const double* moments) {
  const int chunks = SumChunks(x.height), blocks = x.blocks();
  double* partial =
      moments ? nullptr : scratch.Doubles(static_cast<size_t>(blocks * chunks) * 2 * kBlock);
  float* by_g = scratch.Floats(static_cast<size_t>(blocks) * 3 * kBlock);
  float* by_x = by_g + blocks * kBlock;
  float* constant = by_x + blocks * kBlock;
  const auto sum_rows = HWY_DYNAMIC_DISPATCH(GradientMoments);
  ParallelFor(moments ? 0 : blocks * chunks, [&](int task) {
    const int b = task / chunks, chunk = task % chunks;
    double* sums = partial + static_cast<size_t>(task) * 2 * kBlock;
    sum_rows(x, g, b, ChunkBegin(x.height, chunks, chunk), ChunkBegin(x.height, chunks, chunk + 1),
             statistics.mean.data() + b * kBlock, sums, sums + kBlock);
  });
  const double pixels = static_cast<double>(x.height) * x.width;
  for (int c = 0; c < blocks * kBlock; ++c) {
    const auto uc = static_cast<size_t>(c);
    if (c >= x.channels) {
      by_g[c] = by_x[c] = constant[c] = 0;
      continue;
    }
    const TwoSums sums = moments ? SumOverChunks(moments, 1, c) : SumOverChunks(partial, chunks, c);
    const double reciprocal = static_cast<double>(statistics.reciprocal_deviation[uc]);
    const double k = static_cast<double>(scale[uc]) * reciprocal;
    shift_gradient[uc] = static_cast<float>(sums.first);
    scale_gradient[uc] = static_cast<float>(sums.second * reciprocal);
    by_g[c] = static_cast<float>(k);
    by_x[c] = static_cast<float>(-k * reciprocal * reciprocal * sums.second / pixels);
    constant[c] = static_cast<float>(-k * sums.first / pixels);
  }
  if (!dx) return;
  const auto apply = HWY_DYNAMIC_DISPATCH(GradientToInput);
  ParallelFor(dx->blocks() * chunks, [&](int task) {
    const int b = task / chunks, chunk = task % chunks;
    const int end = ChunkBegin(x.height, chunks, chunk + 1);
    for (int y = ChunkBegin(x.height, chunks, chunk); y < end; ++y) {
      apply(x, g, *dx, b, y, statistics.mean.data() + b * kBlock, by_g + b * kBlock,
            by_x + b * kBlock, constant + b * kBlock, accumulate);
    }
  });
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
