#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/stem_backward.cc"
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

// Adds the contribution of one output row to dw[output][input][3][3]. The row's gradient is
// g[output][g_stride].
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

// to[i] += weight * from[i] for `count` floats.
void AddScaled(const float* HWY_RESTRICT from, float weight, int count, float* HWY_RESTRICT to) {
  const D d;
  const V w = hn::Set(d, weight);
  for (int x = 0; x < count; x += kLanes) {
    hn::StoreU(hn::MulAdd(w, hn::LoadU(d, from + x), hn::LoadU(d, to + x)), d, to + x);
  }
}

// Merges even and odd columns into one row.
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

HWY_EXPORT(WeightGradientRow3);
HWY_EXPORT(AddScaled);
HWY_EXPORT(JoinColumns);

void StemBackward(const StemWeights& weights, ImageView frame, const StemActivations& kept,
                  const View& out_gradient, std::span<const float> weight2_oihw,
                  std::span<float> weight1_gradient, std::span<float> bias1_gradient,
                  std::span<float> weight2_gradient, std::span<float> bias2_gradient,
                  Scratch& scratch) {
  const StemShape s(frame);
  const auto weight_gradient = HWY_DYNAMIC_DISPATCH(WeightGradientRow3);
  const auto add_scaled = HWY_DYNAMIC_DISPATCH(AddScaled);
  const auto join = HWY_DYNAMIC_DISPATCH(JoinColumns);
  const int c1 = weights.channels1, c2 = weights.channels2;
  const bool first_too = !weight1_gradient.empty();
  const size_t in_floats = 6 * s.stride0, mid_floats = static_cast<size_t>(2 * c1) * s.stride1;
  const size_t plain1 = SplitRowFloats(s.width1 + 32);
  const size_t size1 = static_cast<size_t>(c1) * 27, size2 = static_cast<size_t>(c2 * c1) * 9;

  // The output's gradient as [row][channel][stride1], with a row of zeros at the end.
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
      // The gradient of in_conv1's row y: in_conv2's output row o reads it through weight row
      // y + 1 - 2 o.
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
        SplitBytes(frame.row(next_in), frame.width, s.stride0,
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
