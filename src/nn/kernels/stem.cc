#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/stem.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "nn/kernels/stem.h"

#ifndef SHADOWTUTOR_NN_KERNELS_STEM_CC_ONCE
#define SHADOWTUTOR_NN_KERNELS_STEM_CC_ONCE
namespace shadowtutor::nn {

constexpr int kGroup = 8;  // output channels computed together

// Three neighbouring input rows ([channel][even, odd][stride]) and the row that they give.
struct StemRow {
  const float* in[3];
  size_t in_stride;
  int inputs, outputs;  // channels
  int width;            // output columns
};

}  // namespace shadowtutor::nn
#endif  // SHADOWTUTOR_NN_KERNELS_STEM_CC_ONCE

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr int kLanes = HWY_TARGET == HWY_SCALAR ? 1 : HWY_MAX_BYTES / 4;
constexpr int kColumns = kLanes == 16 || HWY_ARCH_ARM_A64 ? 2 : 1;  // vectors a pass, by registers

// BGR bytes to [3][even, odd][stride], the mean subtracted.
void SplitBytes(const uint8_t* HWY_RESTRICT bgr, int width, size_t stride,
                float* HWY_RESTRICT out) {
#if HWY_TARGET == HWY_SCALAR
  for (int x = 0; x < width; ++x) {
    for (int c = 0; c < 3; ++c) {
      out[static_cast<size_t>(2 * c + x % 2) * stride +
          static_cast<size_t>(kSplitRowMargin + x / 2)] =
          static_cast<float>(bgr[3 * x + c]) - kMeanBgr[c];
    }
  }
#else
  constexpr int kPass = 64;
  const D d;
  const hn::CappedTag<uint8_t, 16> d8;
  const hn::Repartition<uint16_t, decltype(d8)> d16;
  const hn::Rebind<uint16_t, D> half;
  const hn::RebindToSigned<D> di;
  const int step = static_cast<int>(hn::Lanes(d8));
  HWY_ALIGN uint16_t even[3][kPass / 2], odd[3][kPass / 2];
  HWY_ALIGN uint8_t last[3 * kPass];
  for (int x = 0; x < width; x += kPass) {
    const uint8_t* from = bgr + 3 * x;
    const int left = width - x;
    if (left < kPass) {
      std::memset(last, 0, sizeof(last));
      std::memcpy(last, from, static_cast<size_t>(3 * left));
      from = last;
    }
    for (int i = 0; i < kPass; i += step) {
      hn::Vec<decltype(d8)> b, g, r;
      hn::LoadInterleaved3(d8, from + 3 * i, b, g, r);
      const auto low = hn::Set(d16, 0xFF);
      const auto b16 = hn::BitCast(d16, b), g16 = hn::BitCast(d16, g), r16 = hn::BitCast(d16, r);
      hn::StoreU(hn::And(b16, low), d16, even[0] + i / 2);
      hn::StoreU(hn::And(g16, low), d16, even[1] + i / 2);
      hn::StoreU(hn::And(r16, low), d16, even[2] + i / 2);
      hn::StoreU(hn::ShiftRight<8>(b16), d16, odd[0] + i / 2);
      hn::StoreU(hn::ShiftRight<8>(g16), d16, odd[1] + i / 2);
      hn::StoreU(hn::ShiftRight<8>(r16), d16, odd[2] + i / 2);
    }
    for (int c = 0; c < 3; ++c) {
      const V mean = hn::Set(d, kMeanBgr[c]);
      float* to = out + static_cast<size_t>(2 * c) * stride + kSplitRowMargin + x / 2;
      for (int i = 0; i < kPass / 2; i += kLanes) {
        hn::StoreU(hn::Sub(hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(half, even[c] + i))), mean),
                   d, to + i);
        hn::StoreU(hn::Sub(hn::ConvertTo(d, hn::PromoteTo(di, hn::LoadU(half, odd[c] + i))), mean),
                   d, to + stride + i);
      }
    }
  }
#endif
  // Columns past the end are padding: zeros.
  const int evens = (width + 1) / 2, odds = width / 2;
  for (int c = 0; c < 3; ++c) {
    float* row = out + static_cast<size_t>(2 * c) * stride;
    std::fill(row + kSplitRowMargin + evens, row + stride, 0.0f);
    std::fill(row + stride + kSplitRowMargin + odds, row + 2 * stride, 0.0f);
  }
}

// out[channel][out_stride] = conv 3x3 stride 2 of three rows, `kSplitRowMargin` floats in.
void ConvolveRow3(const StemRow& row, const float* HWY_RESTRICT weights,
                  const float* HWY_RESTRICT bias, size_t out_stride, float* HWY_RESTRICT out) {
  const D d;
  for (int group = 0; group < row.outputs; group += kGroup) {
    const int reals = HWY_MIN(kGroup, row.outputs - group);
    for (int x = 0; x < row.width; x += kColumns * kLanes) {
      V sum[kGroup][kColumns];
#pragma GCC unroll 8
      for (int o = 0; o < kGroup; ++o) {
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
          for (int k = 0; k < 3; ++k, w += kGroup) {
            V in[kColumns];
#pragma GCC unroll 2
            for (int v = 0; v < kColumns; ++v) in[v] = hn::LoadU(d, taps[k] + v * kLanes);
#pragma GCC unroll 8
            for (int o = 0; o < kGroup; ++o) {
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

// One channel's row into its even and odd columns, zeros after the last.
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

// Adds to dw[output][input][3][3] what one output row's gradient g[output][g_stride] gives.
void WeightGradientRow3(const StemRow& row, const float* HWY_RESTRICT g, size_t g_stride,
                        float* HWY_RESTRICT dw) {
  const D d;
  for (int group = 0; group < row.outputs; group += 4) {
    for (int c = 0; c < row.inputs; ++c) {
      for (int r = 0; r < 3; ++r) {
        V sum[4][3];
        for (int o = 0; o < 4; ++o) {
          for (int k = 0; k < 3; ++k) sum[o][k] = hn::Zero(d);
        }
        const float* even =
            row.in[r] + static_cast<size_t>(2 * c) * row.in_stride + kSplitRowMargin;
        const float* odd = even + row.in_stride;
        for (int x = 0; x < row.width; x += kLanes) {
          const V in0 = hn::LoadU(d, odd - 1 + x), in1 = hn::LoadU(d, even + x),
                  in2 = hn::LoadU(d, odd + x);
#pragma GCC unroll 4
          for (int o = 0; o < 4; ++o) {
            const V gv =
                hn::LoadU(d, g + static_cast<size_t>(group + o) * g_stride + kSplitRowMargin + x);
            sum[o][0] = hn::MulAdd(in0, gv, sum[o][0]);
            sum[o][1] = hn::MulAdd(in1, gv, sum[o][1]);
            sum[o][2] = hn::MulAdd(in2, gv, sum[o][2]);
          }
        }
        for (int o = 0; o < 4; ++o) {
          for (int k = 0; k < 3; ++k) {
            dw[((group + o) * row.inputs + c) * 9 + r * 3 + k] +=
                hn::GetLane(hn::SumOfLanes(d, sum[o][k]));
          }
        }
      }
    }
  }
}

// Adds weight * row to a row: `count` floats from kSplitRowMargin on, of each `channels`.
void AddScaled(const float* HWY_RESTRICT from, float weight, int count, float* HWY_RESTRICT to) {
  const D d;
  const V w = hn::Set(d, weight);
  for (int x = 0; x < count; x += kLanes) {
    hn::StoreU(hn::MulAdd(w, hn::LoadU(d, from + x), hn::LoadU(d, to + x)), d, to + x);
  }
}

// Even and odd columns back into one row.
void JoinColumns(const float* HWY_RESTRICT even, const float* HWY_RESTRICT odd, int width,
                 float* HWY_RESTRICT row) {
  const D d;
  for (int x = 0; x < width; x += 2 * kLanes) {
    hn::StoreInterleaved2(hn::LoadU(d, even + x / 2), hn::LoadU(d, odd + x / 2), d, row + x);
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(SplitBytes);
HWY_EXPORT(ConvolveRow3);
HWY_EXPORT(SplitColumns);
HWY_EXPORT(WeightGradientRow3);
HWY_EXPORT(AddScaled);
HWY_EXPORT(JoinColumns);

namespace {

int WholeGroups(int channels) { return (channels + kGroup - 1) / kGroup * kGroup; }

Buffer PackGroups(int out, int in) {
  return Buffer(static_cast<size_t>(WholeGroups(out)) * static_cast<size_t>(in) * 9);
}

void RepackGroups(std::span<const float> oihw, int out, int in, Buffer& packed) {
  for (int o = 0; o < out; ++o) {
    for (int i = 0; i < in * 9; ++i) {
      packed[static_cast<size_t>((o / kGroup * in * 9 + i) * kGroup + o % kGroup)] =
          oihw[static_cast<size_t>(o * in * 9 + i)];
    }
  }
}

// The frame at the sizes of the stem's layers.
struct StemShape {
  explicit StemShape(ImageView frame)
      : height0(frame.height),
        height1((frame.height + 1) / 2),
        width1((frame.width + 1) / 2),
        height2((height1 + 1) / 2),
        width2((width1 + 1) / 2),
        stride0(SplitRowFloats(width1)),
        stride1(SplitRowFloats(width2)) {}
  int height0, height1, width1, height2, width2;
  size_t stride0, stride1;  // of split input rows and split in_conv1 rows
};

}  // namespace

StemWeights::StemWeights(int out1, int out2)
    : channels1(out1),
      channels2(out2),
      packed1(PackGroups(out1, 3)),
      packed2(PackGroups(out2, out1)),
      bias1(static_cast<size_t>(WholeGroups(out1))),
      bias2(static_cast<size_t>(WholeGroups(out2))) {}

void StemWeights::Repack(std::span<const float> weight1, std::span<const float> b1,
                         std::span<const float> weight2, std::span<const float> b2) {
  RepackGroups(weight1, channels1, 3, packed1);
  RepackGroups(weight2, channels2, channels1, packed2);
  std::copy(b1.begin(), b1.end(), bias1.data());
  std::copy(b2.begin(), b2.end(), bias2.data());
}

void StemForward(const StemWeights& weights, ImageView frame, const View& out,
                 StemActivations* keep, Scratch& scratch) {
  const StemShape s(frame);
  const auto split_bytes = HWY_DYNAMIC_DISPATCH(SplitBytes);
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
  // A task computes a strip of in_conv2's rows, and for it in_conv1's, one row above shared with
  // the strip before.
  constexpr int kStrip = 6;
  const int strips = (s.height2 + kStrip - 1) / kStrip;
  // Per strip: a ring of 3 input rows, one of 3 in_conv1 rows, plain rows, and a row of zeros.
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
    // Margins before a row's first column are padding.
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
          split_bytes(frame.row(next_in), frame.width, s.stride0,
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
        // The row above the strip is the strip before's to keep.
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

void StemBackward(const StemWeights& weights, ImageView frame, const StemActivations& kept,
                  const View& out_gradient, std::span<const float> weight2_oihw,
                  std::span<float> weight1_gradient, std::span<float> bias1_gradient,
                  std::span<float> weight2_gradient, std::span<float> bias2_gradient,
                  Scratch& scratch) {
  const StemShape s(frame);
  const auto split_bytes = HWY_DYNAMIC_DISPATCH(SplitBytes);
  const auto weight_gradient = HWY_DYNAMIC_DISPATCH(WeightGradientRow3);
  const auto add_scaled = HWY_DYNAMIC_DISPATCH(AddScaled);
  const auto join = HWY_DYNAMIC_DISPATCH(JoinColumns);
  const int c1 = weights.channels1, c2 = weights.channels2;
  const bool first_too = !weight1_gradient.empty();
  const size_t in_floats = 6 * s.stride0, mid_floats = static_cast<size_t>(2 * c1) * s.stride1;
  const size_t plain1 = SplitRowFloats(s.width1 + 32);
  const size_t size1 = static_cast<size_t>(c1) * 27, size2 = static_cast<size_t>(c2 * c1) * 9;

  // The gradient as rows of channels, [row][channel][stride1], a row of zeros after the last.
  const size_t g_floats = static_cast<size_t>(c2) * s.stride1;
  const int chunks = SumChunks(s.height1);
  const size_t per_chunk = size1 + size2 + static_cast<size_t>(c1 + c2) + 3 * in_floats +
                           mid_floats + static_cast<size_t>(c1) * plain1;
  const size_t zero_floats = std::max(in_floats, mid_floats);
  float* g_rows = scratch.Floats(g_floats * static_cast<size_t>(s.height2 + 1) + zero_floats +
                                 per_chunk * static_cast<size_t>(chunks));
  float* zeros = g_rows + g_floats * static_cast<size_t>(s.height2 + 1);
  float* per_chunk_data = zeros + zero_floats;
  std::memset(zeros, 0, zero_floats * sizeof(float));
  std::memset(g_rows, 0, g_floats * static_cast<size_t>(s.height2 + 1) * sizeof(float));
  ParallelFor(s.height2, [&](int y) {
    float* row = g_rows + g_floats * static_cast<size_t>(y);
    const float* from = out_gradient.at(0, y, 0);
    for (int x = 0; x < s.width2; ++x, from += kBlock) {
      for (int c = 0; c < c2; ++c) {
        row[static_cast<size_t>(c) * s.stride1 + static_cast<size_t>(kSplitRowMargin + x)] =
            from[c];
      }
    }
  });

  ParallelFor(chunks, [&](int chunk) {
    float* dw1 = per_chunk_data + per_chunk * static_cast<size_t>(chunk);
    float* dw2 = dw1 + size1;
    float* db1 = dw2 + size2;
    float* db2 = db1 + c1;
    float* in_ring = db2 + c2;
    float* split = in_ring + 3 * in_floats;
    float* plain = split + mid_floats;
    std::memset(dw1, 0, per_chunk * sizeof(float));
    const auto kept_row = [&](int y) {
      return y < 0 || y >= s.height1 ? zeros
                                     : kept.rows.data() + mid_floats * static_cast<size_t>(y);
    };
    for (int y = ChunkBegin(s.height2, chunks, chunk); y < ChunkBegin(s.height2, chunks, chunk + 1);
         ++y) {
      const float* g = g_rows + g_floats * static_cast<size_t>(y);
      const StemRow row = {
          {kept_row(2 * y - 1), kept_row(2 * y), kept_row(2 * y + 1)}, s.stride1, c1, c2, s.width2};
      weight_gradient(row, g, s.stride1, dw2);
      for (int c = 0; c < c2; ++c) {
        const float* from = g + static_cast<size_t>(c) * s.stride1 + kSplitRowMargin;
        for (int x = 0; x < s.width2; ++x) db2[c] += from[x];
      }
    }
    if (!first_too) return;
    const int begin = ChunkBegin(s.height1, chunks, chunk);
    const int end = ChunkBegin(s.height1, chunks, chunk + 1);
    int next_in = std::max(0, 2 * begin - 1);
    for (int y = begin; y < end; ++y) {
      // in_conv1's gradient: output row o of in_conv2 reads row y through weight row y + 1 - 2 o.
      std::memset(split, 0, mid_floats * sizeof(float));
      for (int r = (y + 1) % 2; r < 3; r += 2) {
        const int o = (y + 1 - r) / 2;
        if (o < 0 || o >= s.height2) continue;
        const float* g = g_rows + g_floats * static_cast<size_t>(o) + kSplitRowMargin;
        for (int co = 0; co < c2; ++co, g += s.stride1) {
          for (int ci = 0; ci < c1; ++ci) {
            const float* w = weight2_oihw.data() + (co * c1 + ci) * 9 + r * 3;
            float* even = split + static_cast<size_t>(2 * ci) * s.stride1 + kSplitRowMargin;
            float* odd = even + s.stride1;
            add_scaled(g, w[1], s.width2, even);
            add_scaled(g, w[2], s.width2, odd);
            add_scaled(g + 1, w[0], s.width2, odd);
          }
        }
      }
      for (int c = 0; c < c1; ++c) {
        const float* even = split + static_cast<size_t>(2 * c) * s.stride1 + kSplitRowMargin;
        float* row = plain + static_cast<size_t>(c) * plain1;
        join(even, even + s.stride1, s.width1, row + kSplitRowMargin);
        std::fill(row + kSplitRowMargin + s.width1, row + plain1, 0.0f);
        for (int x = 0; x < s.width1; ++x) db1[c] += row[kSplitRowMargin + x];
      }
      for (; next_in <= std::min(2 * y + 1, s.height0 - 1); ++next_in) {
        split_bytes(frame.row(next_in), frame.width, s.stride0,
                    in_ring + static_cast<size_t>(next_in % 3) * in_floats);
      }
      const auto in_row = [&](int row) -> const float* {
        return row < 0 || row >= s.height0 ? zeros
                                           : in_ring + static_cast<size_t>(row % 3) * in_floats;
      };
      const StemRow row = {
          {in_row(2 * y - 1), in_row(2 * y), in_row(2 * y + 1)}, s.stride0, 3, c1, s.width1};
      weight_gradient(row, plain, plain1, dw1);
    }
  });
  const auto reduce = [&](size_t offset, std::span<float> to) {
    for (size_t i = 0; i < to.size(); ++i) {
      float sum = 0;
      for (int chunk = 0; chunk < chunks; ++chunk) {
        sum += per_chunk_data[per_chunk * static_cast<size_t>(chunk) + offset + i];
      }
      to[i] = sum;
    }
  };
  if (first_too) {
    reduce(0, weight1_gradient);
    reduce(size1 + size2, bias1_gradient);
  }
  reduce(size1, weight2_gradient);
  reduce(size1 + size2 + static_cast<size_t>(c1), bias2_gradient);
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
