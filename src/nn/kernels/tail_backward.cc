#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/tail_backward.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "nn/kernels/product.h"
#include "nn/kernels/tail.h"
#include "nn/kernels/tail_sums.h"
#include "nn/kernels/vectors-inl.h"
#include "shadowtutor/types.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// The sums of GatherRow where the output is exactly four times as wide, from the row's phases.
HWY_INLINE void SumQuadrupled(const GatherTable& table, const float* const* phases, size_t tap_step,
                              float* HWY_RESTRICT out) {
  constexpr int kTaps = GatherTable::kQuadrupledTaps;
  const D d;
  for (int i = 0; i < table.inputs; i += kLanes) {
    V sum[kTailTaps], weight[kTaps];
#pragma GCC unroll 8
    for (int j = 0; j < kTaps; ++j) {
      weight[j] = hn::LoadU(d, table.weights.data() + static_cast<size_t>(j) * table.stride + i);
    }
#pragma GCC unroll 5
    for (int tx = 0; tx < kTailTaps; ++tx) sum[tx] = hn::Zero(d);
#pragma GCC unroll 12
    for (int q = 0; q < kTaps + kTailTaps - 1; ++q) {
      const V in = hn::LoadU(d, phases[q % 4] + q / 4 + i);
#pragma GCC unroll 5
      for (int tx = 0; tx < kTailTaps; ++tx) {
        const int j = q + tx - (kTailTaps - 1);
        if (j >= 0 && j < kTaps) sum[tx] = hn::MulAdd(weight[j], in, sum[tx]);
      }
    }
#pragma GCC unroll 5
    for (int tx = 0; tx < kTailTaps; ++tx) {
      hn::StoreU(sum[tx], d, out + static_cast<size_t>(tx) * tap_step + i);
    }
  }
}

// The transpose of the interpolation along a row. `row` has kRowMargin zeros before its first float
// and after its last. The results for the taps tx are `tap_step` floats apart in `out`. `planes` is
// working memory of GatherTable::kPlanes * table.stride floats.
void GatherRow(const GatherTable& table, const float* HWY_RESTRICT row, size_t tap_step,
               float* HWY_RESTRICT planes, float* HWY_RESTRICT out) {
  const D d;
  if (table.quadrupled) {
    // Splits the row into four phases, so that row[4 i - 4 + q] is phase q % 4 at i + q / 4.
    float* phases[4];
    for (int p = 0; p < 4; ++p) phases[p] = planes + static_cast<size_t>(p) * table.stride;
    const int columns = table.inputs + 2;
    for (int i = 0; i < columns; i += kLanes) {
      V p0, p1, p2, p3;
      hn::LoadInterleaved4(d, row - 4 + 4 * i, p0, p1, p2, p3);
      hn::StoreU(p0, d, phases[0] + i);
      hn::StoreU(p1, d, phases[1] + i);
      hn::StoreU(p2, d, phases[2] + i);
      hn::StoreU(p3, d, phases[3] + i);
    }
    SumQuadrupled(table, phases, tap_step, out);
    return;
  }
  // planes[q][i] = row[base[i] - 2 + q]
  const float* plane[GatherTable::kPlanes];
  const int wanted = table.taps + kTailTaps - 1;
  for (int q = 0; q < wanted; ++q) {
    float* to = planes + static_cast<size_t>(q) * table.stride;
    for (int i = 0; i < table.inputs; ++i) to[i] = row[table.base[static_cast<size_t>(i)] - 2 + q];
    plane[q] = to;
  }
  for (int i = 0; i < table.inputs; i += kLanes) {
    V sum[kTailTaps];
#pragma GCC unroll 5
    for (int tx = 0; tx < kTailTaps; ++tx) sum[tx] = hn::Zero(d);
    for (int j = 0; j < table.taps; ++j) {
      const V w = hn::LoadU(d, table.weights.data() + static_cast<size_t>(j) * table.stride + i);
#pragma GCC unroll 5
      for (int tx = 0; tx < kTailTaps; ++tx) {
        sum[tx] = hn::MulAdd(w, hn::LoadU(d, plane[j - tx + kTailTaps - 1] + i), sum[tx]);
      }
    }
#pragma GCC unroll 5
    for (int tx = 0; tx < kTailTaps; ++tx) {
      hn::StoreU(sum[tx], d, out + static_cast<size_t>(tx) * tap_step + i);
    }
  }
}

// The sum of `count` floats.
float SumRow(const float* HWY_RESTRICT row, int count) {
  const D d;
  V sum = hn::Zero(d);
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) sum = hn::Add(sum, hn::LoadU(d, row + i));
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < count; ++i) total += row[i];
  return total;
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(GatherRow);
HWY_EXPORT(SumRow);

namespace {

constexpr int kRowMargin = 16;

// Row y of dec3 as [column][channel].
void PixelRow(const View& dec3, int y, float* to) {
  for (int b = 0; b < dec3.blocks(); ++b) {
    const float* from = dec3.at(b, y, 0);
    for (int x = 0; x < dec3.width; ++x, from += kBlock) {
      std::copy_n(from, kBlock, to + x * dec3.channels + b * kBlock);
    }
  }
}

// gradient[row][channel] += g[row] * pixel[channel], and pixel_gradient += map^T g. The floats of
// `pixel_gradient` are `step` apart; `sum` is working memory of `channels` floats.
void ApplyBackward(const Buffer& map, int rows, int channels, const float* __restrict pixel,
                   const float* g, float* __restrict gradient, float* pixel_gradient, size_t step,
                   float* __restrict sum) {
  const float* __restrict weights = map.data();
  for (int k = 0; k < channels; ++k) sum[k] = pixel_gradient[static_cast<size_t>(k) * step];
  for (int row = 0; row < rows; ++row, weights += channels, gradient += channels) {
    const float value = g[row];
    for (int k = 0; k < channels; ++k) {
      gradient[k] += value * pixel[k];
      sum[k] += weights[k] * value;
    }
  }
  for (int k = 0; k < channels; ++k) pixel_gradient[static_cast<size_t>(k) * step] = sum[k];
}

}  // namespace

void TailBackward(const TailPlan& plan, const TailWeights& weights, const View& dec3,
                  const LogitPlanes& g, TailMaps& map_gradient, std::vector<float>& bias_gradient,
                  const View* dec3_gradient, Scratch& scratch) {
  const auto gather = HWY_DYNAMIC_DISPATCH(GatherRow);
  const auto sum_row = HWY_DYNAMIC_DISPATCH(SumRow);
  const int classes = weights.classes, channels = weights.channels;
  const auto uclasses = static_cast<size_t>(classes), uchannels = static_cast<size_t>(channels);
  const int low_width = plan.low_width(), low_height = plan.low_height();
  const int width = plan.high_width(), height = plan.high_height();
  const ResizeAxis& axis = plan.resize.y;
  const size_t stride = plan.low_stride();

  // Memory per task: the maps' gradient, bias sums, dZ, a row of sums over columns, dec3's row in
  // two layouts, and its gradient.
  const size_t map = uclasses * uchannels;
  const size_t main_floats = kMainTaps * map, edge_floats = kTailTaps * map;
  const size_t map_floats = main_floats + 4 * edge_floats + 4 * map;
  const size_t bias_floats = 9 * uclasses;  // sums over all pixels, 4 edges and 4 corners
  const size_t sums = (map_floats + bias_floats + 15) / 16 * 16;
  const size_t z_floats = static_cast<size_t>(kMainTaps) * uclasses * stride;
  const size_t planar_floats = uchannels * stride;
  const size_t sum_floats = (uchannels + 15) / 16 * 16;
  // A row's margin also ends the one before.
  const size_t row_step = (static_cast<size_t>(width) + 15) / 16 * 16 + 5 * kRowMargin;
  const size_t row_floats = kTailTaps * row_step;
  const size_t plane_floats = GatherTable::kPlanes * stride;
  const size_t side_floats = (2 * kTailTaps * uclasses + 15) / 16 * 16;
  // Either product's.
  const size_t product_floats =
      weights.on_matrix_unit
          ? std::max(MatrixProductFloats(channels, low_width, kMainTaps * classes),
                     MatrixProductFloats(kMainTaps * classes, channels, low_width))
          : 0;
  const size_t per_chunk =
      sums + z_floats + 2 * planar_floats + row_floats + plane_floats + side_floats + sum_floats;
  const int chunks = SumChunks(low_height);
  float* all = scratch.Floats(per_chunk * static_cast<size_t>(chunks));
  scratch.PrepareSlots(product_floats);

  ParallelFor(chunks, [&](int chunk) {
    float* maps = all + per_chunk * static_cast<size_t>(chunk);
    float* products = scratch.SlotFloats();
    const auto multiply = [&](const Product& product) {
      weights.on_matrix_unit ? MultiplyOnMatrixUnit(product, products) : Multiply(product);
    };
    float* bias = maps + map_floats;
    float* dz = maps + sums;
    float* planar_gradient = dz + z_floats;
    float* pixels = planar_gradient + planar_floats;
    float* row = pixels + planar_floats;
    float* planes = row + row_floats;
    float* sides = planes + plane_floats;  // [left, right][ty][class]
    float* pixel_sum = sides + side_floats;
    std::memset(maps, 0, sums * sizeof(float));
    std::memset(row, 0, row_floats * sizeof(float));
    row += kRowMargin;
    float* d_main = maps;
    float* d_edge[4];  // top, bottom, left, right
    for (int e = 0; e < 4; ++e)
      d_edge[e] = maps + main_floats + static_cast<size_t>(e) * edge_floats;
    float* d_corner = maps + main_floats + 4 * edge_floats;
    const size_t tap_step = uclasses * stride;

    const int begin = ChunkBegin(low_height, chunks, chunk);
    const int end = ChunkBegin(low_height, chunks, chunk + 1);
    // Bias sums. Each row of the gradient is added once: by the task of the first low row that the
    // row is interpolated from.
    for (int y = axis.first[static_cast<size_t>(begin)];
         y < axis.last[static_cast<size_t>(end - 1)]; ++y) {
      const int owner = axis.low[static_cast<size_t>(y)];
      if (owner < begin || owner >= end) continue;
      const bool top = y == 0, bottom = y == height - 1;
      for (int c = 0; c < classes; ++c) {
        const float* from = g.row(c, y);
        const float total = sum_row(from, width), left = from[0], right = from[width - 1];
        const float values[9] = {
            total,           top ? total : 0,   bottom ? total : 0, left, right, top ? left : 0,
            top ? right : 0, bottom ? left : 0, bottom ? right : 0};
        for (int i = 0; i < 9; ++i) bias[i * classes + c] += values[i];
      }
    }
    for (int r = begin; r < end; ++r) {
      const int first = axis.first[static_cast<size_t>(r)],
                last = axis.last[static_cast<size_t>(r)];
      // For each tap ty: sums down the columns over the rows whose tap ty reads low row r, then
      // transposes the interpolation along the resulting row.
      const bool inside = last - first == TapRows::kWeights && first >= 2 && last + 2 <= height;
      for (int c = 0; c < classes; ++c) {
        if (inside) {
          TapRows taps;
          for (int k = 0; k < TapRows::kRows; ++k) taps.row[k] = g.row(c, first - 2 + k);
          for (int j = 0; j < TapRows::kWeights; ++j) taps.weight[j] = axis.Weight(first + j, r);
          SumTaps(taps, static_cast<size_t>(width), row_step, row);
        }
        for (int ty = 0; ty < kTailTaps; ++ty) {
          float* of_tap = row + static_cast<size_t>(ty) * row_step;
          Term terms[16];
          int count = 0;
          for (int x = first; !inside && x < last; ++x) {
            const int y = x - ty + 2;
            if (y >= 0 && y < height) terms[count++] = {g.row(c, y), axis.Weight(x, r)};
          }
          if (!inside) WeightedSum(terms, count, static_cast<size_t>(width), of_tap);
          sides[ty * classes + c] = of_tap[0];
          sides[(kTailTaps + ty) * classes + c] = of_tap[width - 1];
          gather(plan.gather, of_tap, tap_step, planes,
                 dz + static_cast<size_t>(ty * kTailTaps * classes + c) * stride);
        }
      }
      PixelRow(dec3, r, pixels);
      // dec3's gradient = T^T dZ; T's gradient += dZ dec3^T
      multiply({weights.transposed.data(), kMainTaps * uclasses, dz, stride, planar_gradient,
                stride, channels, low_width, kMainTaps * classes, false});
      multiply({dz, stride, pixels, uchannels, d_main, uchannels, kMainTaps * classes, channels,
                low_width, true});
      // The first and last column.
      for (int right = 0; right < 2; ++right) {
        const int x = right ? low_width - 1 : 0;
        ApplyBackward(right ? weights.maps.right : weights.maps.left, kTailTaps * classes, channels,
                      pixels + x * channels, sides + right * kTailTaps * classes, d_edge[2 + right],
                      planar_gradient + x, stride, pixel_sum);
      }
      // The first and last row, and the corners.
      for (int bottom = 0; bottom < 2; ++bottom) {
        if (r != (bottom ? low_height - 1 : 0)) continue;
        for (int c = 0; c < classes; ++c) {
          std::copy_n(g.row(c, bottom ? height - 1 : 0), width, row);
          sides[c] = row[0];
          sides[classes + c] = row[width - 1];
          gather(plan.gather, row, tap_step, planes, dz + static_cast<size_t>(c) * stride);
        }
        for (int right = 0; right < 2; ++right) {
          const int x = right ? low_width - 1 : 0;
          ApplyBackward(weights.maps.corner[2 * bottom + right], classes, channels,
                        pixels + x * channels, sides + right * classes,
                        d_corner + static_cast<size_t>(2 * bottom + right) * map,
                        planar_gradient + x, stride, pixel_sum);
        }
        const Buffer& edge = bottom ? weights.maps.bottom : weights.maps.top;
        for (int x = 0; x < low_width; ++x) {
          for (int i = 0; i < kTailTaps * classes; ++i) {
            sides[i] = dz[static_cast<size_t>(i) * stride + static_cast<size_t>(x)];
          }
          ApplyBackward(edge, kTailTaps * classes, channels, pixels + x * channels, sides,
                        d_edge[bottom], planar_gradient + x, stride, pixel_sum);
        }
      }
      if (dec3_gradient) {
        for (int b = 0; b < dec3_gradient->blocks(); ++b) {
          Transpose(planar_gradient + static_cast<size_t>(b * kBlock) * stride, stride, kBlock,
                    low_width, dec3_gradient->at(b, r, 0), kBlock);
        }
      }
    }
  });

  const auto reduce = [&](size_t offset, float* to, size_t count) {
    const float* first = all + offset;
    std::copy_n(first, count, to);
    for (int chunk = 1; chunk < chunks; ++chunk) {
      const float* from = first + per_chunk * static_cast<size_t>(chunk);
      for (size_t i = 0; i < count; ++i) to[i] += from[i];
    }
  };
  reduce(0, map_gradient.main.data(), main_floats);
  const Buffer* edges[4] = {&map_gradient.top, &map_gradient.bottom, &map_gradient.left,
                            &map_gradient.right};
  for (size_t e = 0; e < 4; ++e)
    reduce(main_floats + e * edge_floats, edges[e]->data(), edge_floats);
  for (size_t c = 0; c < 4; ++c) {
    reduce(main_floats + 4 * edge_floats + c * map, map_gradient.corner[c].data(), map);
  }
  float bias_sums[9 * kMaxClasses];
  reduce(map_floats, bias_sums, bias_floats);
  bias_gradient.assign(9 * uclasses, 0.0f);
  for (int t = 0; t < 9; ++t) {
    const int ty = t / 3, tx = t % 3;
    for (int c = 0; c < classes; ++c) {
      const auto sum = [&](int i) { return bias_sums[static_cast<size_t>(i * classes + c)]; };
      float value = sum(0);
      if (ty == 0) value -= sum(1);
      if (ty == 2) value -= sum(2);
      if (tx == 0) value -= sum(3);
      if (tx == 2) value -= sum(4);
      if (ty != 1 && tx != 1) value += sum(5 + (ty == 2 ? 2 : 0) + (tx == 2 ? 1 : 0));
      bias_gradient[static_cast<size_t>(t * classes + c)] = value;
    }
  }
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
