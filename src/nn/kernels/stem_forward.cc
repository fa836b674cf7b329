#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/stem_forward.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "nn/kernels/stem.h"
#include "nn/kernels/stem_rows.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// Vectors of columns per pass, as many as the registers allow.
constexpr int kColumns = kLanes == 16 || HWY_ARCH_ARM_A64 ? 2 : 1;

// Computes a row of a 3x3 convolution at stride 2 from three input rows, which begin
// kSplitRowMargin floats after their pointers. The result is out[channel][out_stride].
void ConvolveRow3(const StemRow& row, const float* HWY_RESTRICT weights,
                  const float* HWY_RESTRICT bias, size_t out_stride, float* HWY_RESTRICT out) {
  const D d;
  for (int group = 0; group < row.outputs; group += kStemGroup) {
    const int reals = HWY_MIN(kStemGroup, row.outputs - group);
    for (int x = 0; x < row.width; x += kColumns * kLanes) {
      V sum[kStemGroup][kColumns];
#pragma GCC unroll 8
      for (int o = 0; o < kStemGroup; ++o) {
#pragma GCC unroll 2
        for (int v = 0; v < kColumns; ++v) sum[o][v] = hn::Set(d, bias[group + o]);
      }
      const float* HWY_RESTRICT w = weights + static_cast<size_t>(group * row.inputs * 9);
      for (int c = 0; c < row.inputs; ++c) {
        for (int r = 0; r < 3; ++r) {
          const float* even =
              row.in[r] + static_cast<size_t>(2 * c) * row.in_stride + kSplitRowMargin + x;
          const float* odd = even + row.in_stride;
          const float* taps[3] = {odd - 1, even, odd};
#pragma GCC unroll 3
          for (int k = 0; k < 3; ++k, w += kStemGroup) {
            V in[kColumns];
#pragma GCC unroll 2
            for (int v = 0; v < kColumns; ++v) in[v] = hn::LoadU(d, taps[k] + v * kLanes);
#pragma GCC unroll 8
            for (int o = 0; o < kStemGroup; ++o) {
              const V wo = hn::Set(d, w[o]);
#pragma GCC unroll 2
              for (int v = 0; v < kColumns; ++v) sum[o][v] = hn::MulAdd(in[v], wo, sum[o][v]);
            }
          }
        }
      }
      for (int o = 0; o < reals; ++o) {
        float* to = out + static_cast<size_t>(group + o) * out_stride + kSplitRowMargin + x;
        for (int v = 0; v < kColumns; ++v) hn::StoreU(sum[o][v], d, to + v * kLanes);
      }
    }
  }
}

// Splits one channel's row into its even and odd columns, each followed by zeros.
void SplitColumns(const float* HWY_RESTRICT row, int width, size_t stride,
                  float* HWY_RESTRICT split) {
  const D d;
  for (int x = 0; x < width; x += 2 * kLanes) {
    V even, odd;
    hn::LoadInterleaved2(d, row + kSplitRowMargin + x, even, odd);
    hn::StoreU(even, d, split + kSplitRowMargin + x / 2);
    hn::StoreU(odd, d, split + stride + kSplitRowMargin + x / 2);
  }
  std::fill(split + kSplitRowMargin + (width + 1) / 2, split + stride, 0.0f);
  std::fill(split + stride + kSplitRowMargin + width / 2, split + 2 * stride, 0.0f);
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(ConvolveRow3);
HWY_EXPORT(SplitColumns);

namespace {

int WholeGroups(int channels) { return (channels + kStemGroup - 1) / kStemGroup * kStemGroup; }

Buffer PackGroups(int out, int in) {
  return Buffer(static_cast<size_t>(WholeGroups(out)) * static_cast<size_t>(in) * 9);
}

void RepackGroups(std::span<const float> oihw, int out, int in, Buffer& packed) {
  for (int o = 0; o < out; ++o) {
    for (int i = 0; i < in * 9; ++i) {
      packed[static_cast<size_t>((o / kStemGroup * in * 9 + i) * kStemGroup + o % kStemGroup)] =
          oihw[static_cast<size_t>(o * in * 9 + i)];
    }
  }
}

}  // namespace

StemWeights::StemWeights(int out1, int out2)
    : channels1(out1),
      channels2(out2),
      packed1(PackGroups(out1, 3)),
      packed2(PackGroups(out2, out1)),
      bias1(static_cast<size_t>(WholeGroups(out1))),
      bias2(static_cast<size_t>(WholeGroups(out2))),
      composed(out2) {}

void StemWeights::Repack(std::span<const float> weight1, std::span<const float> b1,
                         std::span<const float> weight2, std::span<const float> b2) {
  RepackGroups(weight1, channels1, 3, packed1);
  RepackGroups(weight2, channels2, channels1, packed2);
  std::copy(b1.begin(), b1.end(), bias1.data());
  std::copy(b2.begin(), b2.end(), bias2.data());
  composed.Compose({weight1, b1, weight2, b2});
}

void StemForward(const StemWeights& weights, ImageView frame, const View& out,
                 StemActivations* keep, Scratch& scratch) {
  const StemShape s(frame);
  const auto convolve = HWY_DYNAMIC_DISPATCH(ConvolveRow3);
  const auto split_columns = HWY_DYNAMIC_DISPATCH(SplitColumns);
  const int c1 = weights.channels1, c2 = weights.channels2;
  const size_t in_floats = 6 * s.stride0, mid_floats = static_cast<size_t>(2 * c1) * s.stride1;
  const size_t plain1 = SplitRowFloats(s.width1 + 32), plain2 = SplitRowFloats(s.width2 + 32);
  if (keep && (keep->height != s.height1 || keep->width != s.width1)) {
    keep->rows = Buffer(mid_floats * static_cast<size_t>(s.height1));
    keep->height = s.height1;
    keep->width = s.width1;
  }
  // A task computes a strip of in_conv2's rows and the rows of in_conv1 that these need; the first
  // of those is also computed by the task of the previous strip.
  constexpr int kStrip = 6;
  const int strips = (s.height2 + kStrip - 1) / kStrip;
  // Memory per strip: a ring of 3 input rows, a ring of 3 in_conv1 rows, unsplit rows, and a row of
  // zeros.
  const size_t zero_floats = std::max(in_floats, mid_floats);
  const size_t per_strip = 3 * in_floats + 3 * mid_floats + static_cast<size_t>(c1) * plain1 +
                           static_cast<size_t>(c2) * plain2;
  float* all = scratch.Floats(zero_floats + per_strip * static_cast<size_t>(strips));
  float* zeros = all;
  std::memset(zeros, 0, zero_floats * sizeof(float));
  ParallelFor(strips, [&](int strip) {
    float* in_ring = all + zero_floats + per_strip * static_cast<size_t>(strip);
    float* mid_ring = in_ring + 3 * in_floats;
    float* plain = mid_ring + 3 * mid_floats;
    float* plain_out = plain + static_cast<size_t>(c1) * plain1;
    // The margins before the first column of each row are padding, so they are zero.
    for (size_t row = 0; row < 3 * 6; ++row) {
      std::memset(in_ring + row * s.stride0, 0, kSplitRowMargin * sizeof(float));
    }
    for (size_t row = 0; row < 3 * static_cast<size_t>(2 * c1); ++row) {
      std::memset(mid_ring + row * s.stride1, 0, kSplitRowMargin * sizeof(float));
    }
    const int y_begin = strip * kStrip, y_end = std::min(s.height2, y_begin + kStrip);
    int next_in = -1, next_mid = std::max(0, 2 * y_begin - 1);
    const auto in_row = [&](int y) -> const float* {
      return y < 0 || y >= s.height0 ? zeros : in_ring + static_cast<size_t>(y % 3) * in_floats;
    };
    const auto mid_row = [&](int y) -> float* {
      return y < 0 || y >= s.height1 ? zeros : mid_ring + static_cast<size_t>(y % 3) * mid_floats;
    };
    next_in = std::max(0, 2 * next_mid - 1);
    for (int y = y_begin; y < y_end; ++y) {
      for (; next_mid <= std::min(2 * y + 1, s.height1 - 1); ++next_mid) {
        for (; next_in <= std::min(2 * next_mid + 1, s.height0 - 1); ++next_in) {
          SplitBytes(frame.row(next_in), frame.width, s.stride0,
                     in_ring + static_cast<size_t>(next_in % 3) * in_floats);
        }
        const StemRow row = {
            {in_row(2 * next_mid - 1), in_row(2 * next_mid), in_row(2 * next_mid + 1)},
            s.stride0,
            3,
            c1,
            s.width1};
        convolve(row, weights.packed1.data(), weights.bias1.data(), plain1, plain);
        float* mid = mid_row(next_mid);
        for (int c = 0; c < c1; ++c) {
          split_columns(plain + static_cast<size_t>(c) * plain1, s.width1, s.stride1,
                        mid + static_cast<size_t>(2 * c) * s.stride1);
        }
        // The task of the previous strip keeps the row above the strip.
        if (keep && next_mid >= 2 * y_begin) {
          std::memcpy(keep->rows.data() + mid_floats * static_cast<size_t>(next_mid), mid,
                      mid_floats * sizeof(float));
        }
      }
      const StemRow row = {
          {mid_row(2 * y - 1), mid_row(2 * y), mid_row(2 * y + 1)}, s.stride1, c1, c2, s.width2};
      convolve(row, weights.packed2.data(), weights.bias2.data(), plain2, plain_out);
      float* to = out.at(0, y, 0);
      for (int x = 0; x < s.width2; ++x, to += kBlock) {
        for (int c = 0; c < c2; ++c) {
          to[c] =
              plain_out[static_cast<size_t>(c) * plain2 + static_cast<size_t>(kSplitRowMargin + x)];
        }
      }
    }
  });
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
