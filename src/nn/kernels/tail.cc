#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/tail.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "nn/kernels/tail.h"

#ifndef SHADOWTUTOR_NN_KERNELS_TAIL_CC_ONCE
#define SHADOWTUTOR_NN_KERNELS_TAIL_CC_ONCE
namespace shadowtutor::nn {

// c[m][n] (+)= sum over k of a[m][k] b[k][n], rows `*_stride` floats apart, `n` rounded up to
// vectors.
struct Product {
  const float* a;
  size_t a_stride;
  const float* b;
  size_t b_stride;
  float* c;
  size_t c_stride;
  int m, n, k;
  bool accumulate;
};

// One term of a weighted sum of rows.
struct Term {
  const float* row;
  float weight;
};

}  // namespace shadowtutor::nn
#endif  // SHADOWTUTOR_NN_KERNELS_TAIL_CC_ONCE

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr int kLanes = HWY_TARGET == HWY_SCALAR ? 1 : HWY_MAX_BYTES / 4;
constexpr bool kManyRegisters = kLanes == 16 || HWY_ARCH_ARM_A64;
constexpr int kRows = kManyRegisters ? 6 : 4;  // of a product's register tile
constexpr int kVectors = kManyRegisters ? 4 : 2;

template <int kM, int kV>
HWY_INLINE void ProductTile(const Product& p, int row, int column) {
  const D d;
  V sum[kM][kV];
  float* c = p.c + static_cast<size_t>(row) * p.c_stride + column;
#pragma GCC unroll 6
  for (int m = 0; m < kM; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) {
      sum[m][v] = p.accumulate ? hn::LoadU(d, c + static_cast<size_t>(m) * p.c_stride + v * kLanes)
                               : hn::Zero(d);
    }
  }
  const float* HWY_RESTRICT a = p.a + static_cast<size_t>(row) * p.a_stride;
  const float* HWY_RESTRICT b = p.b + column;
  for (int k = 0; k < p.k; ++k, ++a, b += p.b_stride) {
    V bv[kV];
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) bv[v] = hn::LoadU(d, b + v * kLanes);
#pragma GCC unroll 6
    for (int m = 0; m < kM; ++m) {
      const V av = hn::Set(d, a[static_cast<size_t>(m) * p.a_stride]);
#pragma GCC unroll 4
      for (int v = 0; v < kV; ++v) sum[m][v] = hn::MulAdd(av, bv[v], sum[m][v]);
    }
  }
#pragma GCC unroll 6
  for (int m = 0; m < kM; ++m) {
#pragma GCC unroll 4
    for (int v = 0; v < kV; ++v) {
      hn::StoreU(sum[m][v], d, c + static_cast<size_t>(m) * p.c_stride + v * kLanes);
    }
  }
}

template <int kV>
HWY_INLINE void ProductColumns(const Product& p, int column) {
  int row = 0;
  for (; row + kRows <= p.m; row += kRows) ProductTile<kRows, kV>(p, row, column);
  for (; row + 2 <= p.m; row += 2) ProductTile<2, kV>(p, row, column);
  if (row < p.m) ProductTile<1, kV>(p, row, column);
}

void Multiply(const Product& p) {
  int column = 0;
  const int vectors = (p.n + kLanes - 1) / kLanes;
  for (int left = vectors; left > 0;) {
    // 5 vectors are 3 + 2 rather than 4 + 1: a single vector leaves the multipliers waiting.
    const int take = left == kVectors + 1 && kVectors > 2 ? kVectors - 1 : HWY_MIN(left, kVectors);
    switch (take) {
      case 1:
        ProductColumns<1>(p, column);
        break;
      case 2:
        ProductColumns<2>(p, column);
        break;
#if HWY_MAX_BYTES == 64 || HWY_ARCH_ARM_A64
      case 3:
        ProductColumns<3>(p, column);
        break;
      case 4:
        ProductColumns<4>(p, column);
        break;
#endif
      default:
        break;
    }
    column += take * kLanes;
    left -= take;
  }
}

// out[i] = sum over terms of weight * row[i], `count` floats.
void WeightedSum(const Term* terms, int count_terms, size_t count, float* HWY_RESTRICT out) {
  const D d;
  size_t i = 0;
  const size_t lanes = static_cast<size_t>(kLanes);
  for (; i + 4 * lanes <= count; i += 4 * lanes) {
    V s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
    for (int t = 0; t < count_terms; ++t) {
      const float* HWY_RESTRICT r = terms[t].row + i;
      const V w = hn::Set(d, terms[t].weight);
      s0 = hn::MulAdd(w, hn::LoadU(d, r), s0);
      s1 = hn::MulAdd(w, hn::LoadU(d, r + lanes), s1);
      s2 = hn::MulAdd(w, hn::LoadU(d, r + 2 * lanes), s2);
      s3 = hn::MulAdd(w, hn::LoadU(d, r + 3 * lanes), s3);
    }
    hn::StoreU(s0, d, out + i);
    hn::StoreU(s1, d, out + i + lanes);
    hn::StoreU(s2, d, out + i + 2 * lanes);
    hn::StoreU(s3, d, out + i + 3 * lanes);
  }
  for (; i + lanes <= count; i += lanes) {
    V sum = hn::Zero(d);
    for (int t = 0; t < count_terms; ++t) {
      sum = hn::MulAdd(hn::Set(d, terms[t].weight), hn::LoadU(d, terms[t].row + i), sum);
    }
    hn::StoreU(sum, d, out + i);
  }
  for (; i < count; ++i) {
    float sum = 0;
    for (int t = 0; t < count_terms; ++t) sum += terms[t].weight * terms[t].row[i];
    out[i] = sum;
  }
}

// One row of logits of kG classes from v[tx][class][low column].
template <int kG>
HWY_INLINE void InterpolateClasses(const InterpolationTable& table, const float* HWY_RESTRICT v,
                                   size_t class_step, size_t tap_step,
                                   const float* HWY_RESTRICT bias, float* HWY_RESTRICT out,
                                   size_t out_step) {
  const D d;
  [[maybe_unused]] const hn::RebindToSigned<D> di;
  for (int j = 0; j < table.vectors; ++j) {
    V sum[kG];
#pragma GCC unroll 6
    for (int g = 0; g < kG; ++g) sum[g] = hn::Set(d, bias[g]);
    for (int s = 0; s < table.shifts; ++s) {
      const size_t entry = static_cast<size_t>(j * table.shifts + s);
#if HWY_TARGET != HWY_SCALAR
      const auto low = hn::IndicesFromVec(d, hn::LoadU(di, table.low.data() + entry * kLanes));
      const auto high = hn::IndicesFromVec(d, hn::LoadU(di, table.high.data() + entry * kLanes));
#endif
      const V wl = hn::LoadU(d, table.low_weight.data() + entry * kLanes);
      const V wh = hn::LoadU(d, table.high_weight.data() + entry * kLanes);
      const float* from = v + static_cast<size_t>(s) * tap_step + table.base[entry];
#pragma GCC unroll 6
      for (int g = 0; g < kG; ++g) {
        const float* in = from + static_cast<size_t>(g) * class_step;
#if HWY_TARGET == HWY_SCALAR
        const V at_low = hn::LoadU(d, in + table.low[entry]);
        const V at_high = hn::LoadU(d, in + table.high[entry]);
#else
        const V near = hn::LoadU(d, in);
        const V at_low = hn::TableLookupLanes(near, low);
        const V at_high = hn::TableLookupLanes(near, high);
#endif
        sum[g] = hn::MulAdd(at_low, wl, sum[g]);
        sum[g] = hn::MulAdd(at_high, wh, sum[g]);
      }
    }
#pragma GCC unroll 6
    for (int g = 0; g < kG; ++g) {
      hn::StoreU(sum[g], d, out + static_cast<size_t>(g) * out_step + j * kLanes);
    }
  }
}

void InterpolateRow(const InterpolationTable& table, int classes, const float* v, size_t class_step,
                    size_t tap_step, const float* bias, float* out, size_t out_step) {
  int c = 0;
  const auto at = [](const float* p, size_t step, int i) {
    return p + step * static_cast<size_t>(i);
  };
  for (; c + 3 <= classes; c += 3) {
    InterpolateClasses<3>(table, at(v, class_step, c), class_step, tap_step, bias + c,
                          out + out_step * static_cast<size_t>(c), out_step);
  }
  for (; c < classes; ++c) {
    InterpolateClasses<1>(table, at(v, class_step, c), class_step, tap_step, bias + c,
                          out + out_step * static_cast<size_t>(c), out_step);
  }
}

// The transpose along a row: `row` has kRowMargin zeros before its first float and as many after
// its last; out[tx] is `tap_step` apart. `planes` is kPlanes * table.stride floats of working
// memory.
void GatherRow(const GatherTable& table, const float* HWY_RESTRICT row, size_t tap_step,
               float* HWY_RESTRICT planes, float* HWY_RESTRICT out) {
  const D d;
  // planes[q][i] = row[base[i] - 2 + q]
  const float* plane[GatherTable::kPlanes];
  const int wanted = table.taps + kTailTaps - 1;
  if (table.quadrupled) {
    // Four phases, one column earlier to start with: row[4 i - 4 + q] is phase q % 4 at i + q / 4.
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
    for (int q = 0; q < wanted; ++q) plane[q] = phases[q % 4] + q / 4;
  } else {
    for (int q = 0; q < wanted; ++q) {
      float* to = planes + static_cast<size_t>(q) * table.stride;
      for (int i = 0; i < table.inputs; ++i)
        to[i] = row[table.base[static_cast<size_t>(i)] - 2 + q];
      plane[q] = to;
    }
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

// Sum of `count` floats.
float SumRow(const float* HWY_RESTRICT row, int count) {
  const D d;
  V sum = hn::Zero(d);
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) sum = hn::Add(sum, hn::LoadU(d, row + i));
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; i < count; ++i) total += row[i];
  return total;
}

int Lanes() { return kLanes; }

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(Multiply);
HWY_EXPORT(WeightedSum);
HWY_EXPORT(InterpolateRow);
HWY_EXPORT(GatherRow);
HWY_EXPORT(SumRow);
HWY_EXPORT(Lanes);

namespace {

constexpr int kTaps = kTailTaps * kTailTaps;
constexpr int kRowMargin = 16;
constexpr int kRingRows = 4;  // low rows that one high row's taps can reach: at most 3

// Row y of dec3 as [channel][low_stride] or as [column][channel].
void PlanarRow(const View& dec3, int y, size_t stride, float* to) {
  for (int b = 0; b < dec3.blocks(); ++b) {
    const float* from = dec3.at(b, y, 0);
    float* planes = to + static_cast<size_t>(b * kBlock) * stride;
    for (int x = 0; x < dec3.width; ++x, from += kBlock) {
      for (int c = 0; c < kBlock; ++c)
        planes[static_cast<size_t>(c) * stride + static_cast<size_t>(x)] = from[c];
    }
  }
}

void PixelRow(const View& dec3, int y, float* to) {
  for (int b = 0; b < dec3.blocks(); ++b) {
    const float* from = dec3.at(b, y, 0);
    for (int x = 0; x < dec3.width; ++x, from += kBlock) {
      std::copy_n(from, kBlock, to + x * dec3.channels + b * kBlock);
    }
  }
}

// to[row] = sum over channels of map[row][channel] * pixel[channel]
void Apply(const Buffer& map, int rows, int channels, const float* pixel, size_t step, float* to) {
  for (int row = 0; row < rows; ++row) {
    float sum = 0;
    for (int k = 0; k < channels; ++k) {
      sum += map[static_cast<size_t>(row * channels + k)] * pixel[static_cast<size_t>(k) * step];
    }
    to[row] = sum;
  }
}

// gradient[row][channel] += g[row] * pixel[channel]; pixel_gradient[channel] += map^T g
void ApplyBackward(const Buffer& map, int rows, int channels, const float* pixel, size_t step,
                   const float* g, float* gradient, float* pixel_gradient) {
  for (int row = 0; row < rows; ++row) {
    for (int k = 0; k < channels; ++k) {
      const auto uk = static_cast<size_t>(k);
      gradient[static_cast<size_t>(row * channels) + uk] += g[row] * pixel[uk * step];
      pixel_gradient[uk * step] += map[static_cast<size_t>(row * channels) + uk] * g[row];
    }
  }
}

// The parts of TailRows' scratch.
struct RowScratch {
  RowScratch(const TailPlan& plan, const TailWeights& w, float* floats)
      : stride(plan.low_stride()),
        z_floats(static_cast<size_t>(kTaps * w.classes) * stride),
        v_floats(static_cast<size_t>(kTailTaps * w.classes) * stride),
        side_floats(static_cast<size_t>(kTailTaps * w.classes)),
        planar_floats(static_cast<size_t>(w.channels) * stride) {
    if (!floats) return;
    planar = floats;
    z = planar + planar_floats;
    v = z + kRingRows * z_floats;
    edge[0] = v + v_floats;
    edge[1] = edge[0] + v_floats;
    sides = edge[1] + v_floats;
  }
  size_t Floats() const {
    return planar_floats + kRingRows * z_floats + 3 * v_floats + kRingRows * 2 * side_floats + 16;
  }
  size_t stride, z_floats, v_floats, side_floats, planar_floats;
  float* planar = nullptr;  // dec3's row, [channel][stride]
  float* z = nullptr;       // ring of [ty][tx][class][stride]
  float* v = nullptr;       // [tx][class][stride]
  float* edge[2] = {};      // the first and the last row's extra [tx][class][stride]
  float* sides = nullptr;   // ring of left and right [ty][class]
  float* z_row(int r) const { return z + static_cast<size_t>(r % kRingRows) * z_floats; }
  float* side(int r, int right) const {
    return sides +
           (static_cast<size_t>(r % kRingRows) * 2 + static_cast<size_t>(right)) * side_floats;
  }
};

}  // namespace

int FloatLanes() { return HWY_DYNAMIC_DISPATCH(Lanes)(); }

InterpolationTable::InterpolationTable(const ResizeAxis& axis, int lane_count, int shift_count)
    : lanes(lane_count), vectors((axis.out + lane_count - 1) / lane_count), shifts(shift_count) {
  for (int j = 0; j < vectors; ++j) {
    for (int s = 0; s < shifts; ++s) {
      const int start = j * lanes + s - shifts / 2;
      const auto inside = [&](int column) { return column >= 0 && column < axis.out; };
      const int first = std::clamp(start, 0, axis.out - 1);
      base.push_back(axis.low[static_cast<size_t>(first)]);
      for (int lane = 0; lane < lanes; ++lane) {
        const bool valid = inside(start + lane) && j * lanes + lane < axis.out;
        const auto column = static_cast<size_t>(valid ? start + lane : first);
        low.push_back(axis.low[column] - base.back());
        high.push_back(axis.high[column] - base.back());
        low_weight.push_back(valid ? 1.0f - axis.fraction[column] : 0.0f);
        high_weight.push_back(valid ? axis.fraction[column] : 0.0f);
      }
    }
  }
}

GatherTable::GatherTable(const ResizeAxis& axis, size_t low_stride)
    : inputs(axis.in), quadrupled(axis.out == 4 * axis.in), stride(low_stride), base(low_stride) {
  for (int i = 0; i < inputs; ++i) {
    const auto at = static_cast<size_t>(i);
    base[at] = quadrupled ? 4 * i - 2 : axis.first[at];
    taps = std::max(taps, axis.last[at] - base[at]);
  }
  if (quadrupled) taps = 8;
  weights.assign(static_cast<size_t>(taps) * stride, 0.0f);
  for (int i = 0; i < inputs; ++i) {
    for (int j = 0; j < taps; ++j) {
      const int x = base[static_cast<size_t>(i)] + j;
      if (x < 0 || x >= axis.out) continue;
      weights[static_cast<size_t>(j) * stride + static_cast<size_t>(i)] = axis.Weight(x, i);
    }
  }
}

size_t TailScratchFloats(const TailPlan& plan, const TailWeights& weights) {
  return RowScratch(plan, weights, nullptr).Floats();
}

void TailRows(const TailPlan& plan, const TailWeights& weights, const View& dec3, int y0, int y1,
              const LogitPlanes& logits, int first_row, float* scratch) {
  const auto multiply = HWY_DYNAMIC_DISPATCH(Multiply);
  const auto weighted_sum = HWY_DYNAMIC_DISPATCH(WeightedSum);
  const auto interpolate = HWY_DYNAMIC_DISPATCH(InterpolateRow);
  const RowScratch s(plan, weights, scratch);
  const int classes = weights.classes, channels = weights.channels;
  const int low_width = plan.low_width(), height = plan.high_height(), width = plan.high_width();
  const auto uchannels = static_cast<size_t>(channels);
  const ResizeAxis& axis = plan.resize.y;
  const auto product = [&](const Buffer& map, int rows, float* to) {
    multiply({map.data(), uchannels, s.planar, s.stride, to, s.stride, rows, low_width, channels,
              false});
  };
  int next_row = -1;  // the next row of Z to compute
  for (int y = y0; y < y1; ++y) {
    const int top = std::max(0, y - 2), bottom = std::min(height - 1, y + 2);
    const int need_first = axis.low[static_cast<size_t>(top)];
    const int need_last = axis.high[static_cast<size_t>(bottom)];
    for (next_row = std::max(next_row, need_first); next_row <= need_last; ++next_row) {
      PlanarRow(dec3, next_row, s.stride, s.planar);
      product(weights.maps.main, kTaps * classes, s.z_row(next_row));
      Apply(weights.maps.left, kTailTaps * classes, channels, s.planar, s.stride,
            s.side(next_row, 0));
      Apply(weights.maps.right, kTailTaps * classes, channels, s.planar + low_width - 1, s.stride,
            s.side(next_row, 1));
    }
    Term terms[2 * kTailTaps + 2], left[2 * kTailTaps], right[2 * kTailTaps];
    int count = 0, side_count = 0;
    for (int ty = 0; ty < kTailTaps; ++ty) {
      const int row = y + ty - 2;
      if (row < 0 || row >= height) continue;
      const auto at = static_cast<size_t>(row);
      const float fraction = axis.fraction[at];
      const size_t z_at = static_cast<size_t>(ty * kTailTaps * classes) * s.stride;
      const auto add = [&](int low, float weight) {
        if (weight == 0.0f) return;
        left[side_count] = {s.side(low, 0) + ty * classes, weight};
        right[side_count++] = {s.side(low, 1) + ty * classes, weight};
        terms[count++] = {s.z_row(low) + z_at, weight};
      };
      add(axis.low[at], 1.0f - fraction);
      add(axis.high[at], fraction);
    }
    // The first and last row read dec3's first and last row alone.
    float corner[2][kMaxClasses] = {};  // left, right
    const bool on_edge[2] = {y == 0, y == height - 1};
    for (int e = 0; e < 2; ++e) {
      if (!on_edge[e]) continue;
      PlanarRow(dec3, e ? plan.low_height() - 1 : 0, s.stride, s.planar);
      product(e ? weights.maps.bottom : weights.maps.top, kTailTaps * classes, s.edge[e]);
      terms[count++] = {s.edge[e], 1.0f};
      for (int side = 0; side < 2; ++side) {
        float value[kMaxClasses];
        Apply(weights.maps.corner[2 * e + side], classes, channels,
              s.planar + side * (low_width - 1), s.stride, value);
        for (int c = 0; c < classes; ++c) corner[side][c] += value[c];
      }
    }
    weighted_sum(terms, count, s.v_floats, s.v);
    const int row_edges = (on_edge[0] ? 1 : 0) | (on_edge[1] ? 2 : 0);
    const float* bias = weights.bias.data() + row_edges * kEdgeKinds * classes;
    float* out = logits.row(0, y - first_row);
    interpolate(plan.columns, classes, s.v, s.stride, static_cast<size_t>(classes) * s.stride, bias,
                out, logits.plane());
    const int left_edges = 1 | (width == 1 ? 2 : 0), right_edges = 2;
    for (int c = 0; c < classes; ++c, out += logits.plane()) {
      float extra_left = corner[0][c], extra_right = corner[1][c];
      for (int t = 0; t < side_count; ++t) {
        extra_left += left[t].weight * left[t].row[c];
        extra_right += right[t].weight * right[t].row[c];
      }
      out[0] += extra_left + bias[left_edges * classes + c] - bias[c];
      out[width - 1] += extra_right;
      if (width > 1) out[width - 1] += bias[right_edges * classes + c] - bias[c];
    }
  }
}

void TailBackward(const TailPlan& plan, const TailWeights& weights, const View& dec3,
                  const LogitPlanes& g, TailMaps& map_gradient, std::vector<float>& bias_gradient,
                  const View* dec3_gradient, Scratch& scratch) {
  const auto multiply = HWY_DYNAMIC_DISPATCH(Multiply);
  const auto weighted_sum = HWY_DYNAMIC_DISPATCH(WeightedSum);
  const auto gather = HWY_DYNAMIC_DISPATCH(GatherRow);
  const auto sum_row = HWY_DYNAMIC_DISPATCH(SumRow);
  const int classes = weights.classes, channels = weights.channels;
  const auto uclasses = static_cast<size_t>(classes), uchannels = static_cast<size_t>(channels);
  const int low_width = plan.low_width(), low_height = plan.low_height();
  const int width = plan.high_width(), height = plan.high_height();
  const ResizeAxis& axis = plan.resize.y;
  const size_t stride = plan.low_stride();

  // Per task: the maps' gradient, bias sums, dZ, rows down whose columns was summed, dec3's row
  // both ways and its gradient.
  const size_t map = uclasses * uchannels;
  const size_t main_floats = kTaps * map, edge_floats = kTailTaps * map;
  const size_t map_floats = main_floats + 4 * edge_floats + 4 * map;
  const size_t bias_floats = 9 * uclasses;  // all, top, bottom, left, right, four corners
  const size_t sums = (map_floats + bias_floats + 15) / 16 * 16;
  const size_t z_floats = static_cast<size_t>(kTaps) * uclasses * stride;
  const size_t planar_floats = uchannels * stride;
  const size_t row_floats = (static_cast<size_t>(width) + 15) / 16 * 16 + 5 * kRowMargin;
  const size_t plane_floats = GatherTable::kPlanes * stride;
  const size_t side_floats = (2 * kTailTaps * uclasses + 15) / 16 * 16;
  const size_t per_chunk =
      sums + z_floats + 3 * planar_floats + row_floats + plane_floats + side_floats;
  const int chunks = SumChunks(low_height);
  float* all = scratch.Floats(per_chunk * static_cast<size_t>(chunks));

  ParallelFor(chunks, [&](int chunk) {
    float* maps = all + per_chunk * static_cast<size_t>(chunk);
    float* bias = maps + map_floats;
    float* dz = maps + sums;
    float* planar = dz + z_floats;
    float* planar_gradient = planar + planar_floats;
    float* pixels = planar_gradient + planar_floats;
    float* row = pixels + planar_floats;
    float* planes = row + row_floats;
    float* sides = planes + plane_floats;  // [left, right][ty][class]
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
    // Bias sums: each row of the gradient counts once, in the task of the low row that it leans on.
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
      // Down the columns: for each tap ty, the rows whose ty-th tap reads low row r; then along
      // them.
      for (int ty = 0; ty < kTailTaps; ++ty) {
        for (int c = 0; c < classes; ++c) {
          Term terms[16];
          int count = 0;
          for (int x = first; x < last; ++x) {
            const int y = x - ty + 2;
            if (y >= 0 && y < height) terms[count++] = {g.row(c, y), axis.Weight(x, r)};
          }
          weighted_sum(terms, count, static_cast<size_t>(width), row);
          sides[ty * classes + c] = row[0];
          sides[(kTailTaps + ty) * classes + c] = row[width - 1];
          gather(plan.gather, row, tap_step, planes,
                 dz + static_cast<size_t>(ty * kTailTaps * classes + c) * stride);
        }
      }
      PlanarRow(dec3, r, stride, planar);
      PixelRow(dec3, r, pixels);
      // dec3's gradient = T^T dZ; T's gradient += dZ dec3^T
      multiply({weights.transposed.data(), kTaps * uclasses, dz, stride, planar_gradient, stride,
                channels, low_width, kTaps * classes, false});
      multiply({dz, stride, pixels, uchannels, d_main, uchannels, kTaps * classes, channels,
                low_width, true});
      // The first and last column.
      for (int right = 0; right < 2; ++right) {
        const int x = right ? low_width - 1 : 0;
        ApplyBackward(right ? weights.maps.right : weights.maps.left, kTailTaps * classes, channels,
                      planar + x, stride, sides + right * kTailTaps * classes, d_edge[2 + right],
                      planar_gradient + x);
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
          ApplyBackward(weights.maps.corner[2 * bottom + right], classes, channels, planar + x,
                        stride, sides + right * classes,
                        d_corner + static_cast<size_t>(2 * bottom + right) * map,
                        planar_gradient + x);
        }
        const Buffer& edge = bottom ? weights.maps.bottom : weights.maps.top;
        for (int x = 0; x < low_width; ++x) {
          for (int i = 0; i < kTailTaps * classes; ++i) {
            sides[i] = dz[static_cast<size_t>(i) * stride + static_cast<size_t>(x)];
          }
          ApplyBackward(edge, kTailTaps * classes, channels, planar + x, stride, sides,
                        d_edge[bottom], planar_gradient + x);
        }
      }
      if (dec3_gradient) {
        for (int b = 0; b < dec3_gradient->blocks(); ++b) {
          float* to = dec3_gradient->at(b, r, 0);
          const float* from = planar_gradient + static_cast<size_t>(b * kBlock) * stride;
          for (int x = 0; x < low_width; ++x, to += kBlock) {
            for (int c = 0; c < kBlock; ++c) {
              to[c] = from[static_cast<size_t>(c) * stride + static_cast<size_t>(x)];
            }
          }
        }
      }
    }
  });

  const auto reduce = [&](size_t offset, float* to, size_t count) {
    std::copy_n(all + offset, count, to);
    for (int chunk = 1; chunk < chunks; ++chunk) {
      const float* from = all + per_chunk * static_cast<size_t>(chunk) + offset;
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
