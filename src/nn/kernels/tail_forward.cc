#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/tail_forward.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>

#include "nn/kernels/product.h"
#include "nn/kernels/tail.h"
#include "nn/kernels/tail_sums.h"
#include "nn/kernels/vectors-inl.h"
#include "shadowtutor/types.h"

#ifndef SHADOWTUTOR_NN_KERNELS_TAIL_FORWARD_CC_ONCE
#define SHADOWTUTOR_NN_KERNELS_TAIL_FORWARD_CC_ONCE
namespace shadowtutor::nn {

constexpr int kGroupRows = 4;      // rows of logits that are computed together
constexpr size_t kSumMargin = 16;  // floats before a row of sums, so that column -1 can be read

// Some rows of the logits of class `c`: what they are computed from, and where they go.
struct ClassRows {
  int rows, classes;
  size_t stride;
  float* sums;      // working memory, [row][tx][kSumMargin + stride]
  size_t out_step;  // from one row to the next
  int c = 0;
  float* out = nullptr;
  float bias[kGroupRows] = {};
  const Term* terms[kGroupRows] = {};  // of each row; Term::row is [tx][class][stride] of Z
  int counts[kGroupRows] = {};

  float* Sums(int row, int tx) const {
    return sums + static_cast<size_t>(row * kTailTaps + tx) * (kSumMargin + stride) + kSumMargin;
  }
};

}  // namespace shadowtutor::nn
#endif  // SHADOWTUTOR_NN_KERNELS_TAIL_FORWARD_CC_ONCE

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// Computes the vectors [begin, end) of kG rows of logits from v[row][tx][low column].
template <int kG>
HWY_INLINE void InterpolateRows(const InterpolationTable& table, const ClassRows& r, int first,
                                int begin, int end) {
  const D d;
  [[maybe_unused]] const hn::RebindToSigned<D> di;
  for (int j = begin; j < end; ++j) {
    V sum[kG];
#pragma GCC unroll 4
    for (int g = 0; g < kG; ++g) sum[g] = hn::Set(d, r.bias[first + g]);
    for (int s = 0; s < table.shifts; ++s) {
      const size_t entry = static_cast<size_t>(j * table.shifts + s);
#if HWY_TARGET != HWY_SCALAR
      const auto low = hn::IndicesFromVec(d, hn::LoadU(di, table.low.data() + entry * kLanes));
      const auto high = hn::IndicesFromVec(d, hn::LoadU(di, table.high.data() + entry * kLanes));
#endif
      const V wl = hn::LoadU(d, table.low_weight.data() + entry * kLanes);
      const V wh = hn::LoadU(d, table.high_weight.data() + entry * kLanes);
#pragma GCC unroll 4
      for (int g = 0; g < kG; ++g) {
        const float* in = r.Sums(first + g, s) + table.base[entry];
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
#pragma GCC unroll 4
    for (int g = 0; g < kG; ++g) {
      hn::StoreU(sum[g], d, r.out + static_cast<size_t>(first + g) * r.out_step + j * kLanes);
    }
  }
}

HWY_INLINE void Interpolate(const InterpolationTable& table, const ClassRows& r, int begin,
                            int end) {
  int row = 0;
  for (; row + 4 <= r.rows; row += 4) InterpolateRows<4>(table, r, row, begin, end);
  for (; row < r.rows; ++row) InterpolateRows<1>(table, r, row, begin, end);
}

// The same where the output is exactly four times as wide, for `columns` whole vectors of low
// columns: output 4 i + p is a sum over the low columns i - 1 to i + 1 with weights that only
// depend on p. Adds in the order of InterpolateRows. The first and last four outputs get wrong
// values.
template <int kG>
HWY_INLINE void QuadrupleRows(const ClassRows& r, int first, int columns) {
  const D d;
  // The weights of the higher neighbour for each phase of a column; those of the lower one are the
  // same backwards.
  const V weight[4] = {hn::Set(d, 0.625f), hn::Set(d, 0.875f), hn::Set(d, 0.125f),
                       hn::Set(d, 0.375f)};
  for (int i = 0; i < columns; i += kLanes) {
    V sum[kG][4];
#pragma GCC unroll 2
    for (int g = 0; g < kG; ++g) {
#pragma GCC unroll 4
      for (int p = 0; p < 4; ++p) sum[g][p] = hn::Set(d, r.bias[first + g]);
    }
#pragma GCC unroll 5
    for (int s = 0; s < kTailTaps; ++s) {
#pragma GCC unroll 2
      for (int g = 0; g < kG; ++g) {
        const float* in = r.Sums(first + g, s) + i;
        const V left = hn::LoadU(d, in - 1), middle = hn::LoadU(d, in);
        const V right = hn::LoadU(d, in + 1);
#pragma GCC unroll 4
        for (int p = 0; p < 4; ++p) {
          const int column = p + s - kTailTaps / 2;  // relative to 4 i
          const bool before = column < 2;
          const V high = weight[(column + 4) % 4], low = weight[3 - (column + 4) % 4];
          sum[g][p] = hn::MulAdd(before ? left : middle, low, sum[g][p]);
          sum[g][p] = hn::MulAdd(before ? middle : right, high, sum[g][p]);
        }
      }
    }
#pragma GCC unroll 2
    for (int g = 0; g < kG; ++g) {
      hn::StoreInterleaved4(sum[g][0], sum[g][1], sum[g][2], sum[g][3], d,
                            r.out + static_cast<size_t>(first + g) * r.out_step + 4 * i);
    }
  }
}

// kN vectors from column x on of the sums over the rows of Z, for one tap tx of one row.
template <int kN>
HWY_INLINE void SumVectors(const Term* HWY_RESTRICT terms, int count, size_t from, size_t x,
                           float* HWY_RESTRICT to) {
  const D d;
  V sum[kN];
#pragma GCC unroll 5
  for (int n = 0; n < kN; ++n) sum[n] = hn::Zero(d);
  for (int t = 0; t < count; ++t) {
    const float* HWY_RESTRICT z = terms[t].row + from + x;
    const V w = hn::Set(d, terms[t].weight);
#pragma GCC unroll 5
    for (int n = 0; n < kN; ++n) sum[n] = hn::MulAdd(w, hn::LoadU(d, z + n * kLanes), sum[n]);
  }
#pragma GCC unroll 5
  for (int n = 0; n < kN; ++n) hn::StoreU(sum[n], d, to + x + static_cast<size_t>(n * kLanes));
}

HWY_INLINE void SumColumns(const ClassRows& r, int row, int tx, int low_width) {
  constexpr size_t kStep = static_cast<size_t>(kLanes);
  const size_t from = (static_cast<size_t>(tx * r.classes) + static_cast<size_t>(r.c)) * r.stride;
  const size_t count = (static_cast<size_t>(low_width) + kStep - 1) / kStep * kStep;
  const Term* terms = r.terms[row];
  size_t x = 0;
  for (; x + 5 * kStep <= count; x += 5 * kStep) {
    SumVectors<5>(terms, r.counts[row], from, x, r.Sums(row, tx));
  }
  for (; x < count; x += kStep) SumVectors<1>(terms, r.counts[row], from, x, r.Sums(row, tx));
}

void ComputeClassRows(const InterpolationTable& table, bool quadrupled, int low_width,
                      const ClassRows& r) {
  for (int tx = 0; tx < kTailTaps; ++tx) {
    for (int row = 0; row < r.rows; ++row) SumColumns(r, row, tx, low_width);
  }
  const int columns = quadrupled ? low_width / kLanes * kLanes : 0;
  if (columns == 0) {
    Interpolate(table, r, 0, table.vectors);
    return;
  }
  int row = 0;
  for (; row + 2 <= r.rows; row += 2) QuadrupleRows<2>(r, row, columns);
  if (row < r.rows) QuadrupleRows<1>(r, row, columns);
  Interpolate(table, r, 0, (3 + kLanes) / kLanes);
  Interpolate(table, r, HWY_MIN(4 * columns, 4 * low_width - 4) / kLanes, table.vectors);
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(ComputeClassRows);

namespace {

constexpr int kRingRows = 4;  // enough, because the taps of a high row reach at most 3 low rows

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

// Divides the scratch memory of TailRows into its parts.
struct RowScratch {
  RowScratch(const TailPlan& plan, const TailWeights& w, float* floats)
      : stride(plan.low_stride()),
        z_floats(static_cast<size_t>(kMainTaps * w.classes) * stride),
        edge_floats(static_cast<size_t>(kTailTaps * w.classes) * stride),
        sum_floats(kGroupRows * kTailTaps * (kSumMargin + stride)),
        side_floats(static_cast<size_t>(kTailTaps * w.classes)),
        planar_floats(static_cast<size_t>(w.channels) * stride),
        product_floats(w.on_matrix_unit ? MatrixProductFloats(kMainTaps * w.classes,
                                                              plan.low_width(), w.channels)
                                        : 0) {
    if (!floats) return;
    products = floats;
    planar = products + product_floats;
    z = planar + planar_floats;
    sums = z + kRingRows * z_floats;
    edge[0] = sums + sum_floats;
    edge[1] = edge[0] + edge_floats;
    sides = edge[1] + edge_floats;
  }
  size_t Floats() const {
    return product_floats + planar_floats + kRingRows * z_floats + sum_floats + 2 * edge_floats +
           kRingRows * 2 * side_floats + 16;
  }
  size_t stride, z_floats, edge_floats, sum_floats, side_floats, planar_floats, product_floats;
  float* products = nullptr;  // working memory of the products
  float* planar = nullptr;    // dec3's row, [channel][stride]
  float* z = nullptr;         // ring of [ty][tx][class][stride]
  float* sums = nullptr;      // as in ClassRows
  float* edge[2] = {};        // corrections of the first and the last row, [tx][class][stride]
  float* sides = nullptr;     // ring of left and right [ty][class]
  float* z_row(int r) const { return z + static_cast<size_t>(r % kRingRows) * z_floats; }
  float* side(int r, int right) const {
    return sides +
           (static_cast<size_t>(r % kRingRows) * 2 + static_cast<size_t>(right)) * side_floats;
  }
};

// What a row of the logits is a sum of, for all classes.
struct RowTerms {
  Term main[2 * kTailTaps + 2];
  Term sides[2][2 * kTailTaps];  // left, right
  int count = 0, side_count = 0;
  float corner[2][kMaxClasses] = {};
  const float* bias = nullptr;  // [kind of column][class]
};

}  // namespace

size_t TailScratchFloats(const TailPlan& plan, const TailWeights& weights) {
  return RowScratch(plan, weights, nullptr).Floats();
}

int TailRows(const TailPlan& plan, const TailWeights& weights, const View& dec3, int y0, int y1,
             const LogitPlanes& logits, int first_row, float* scratch, int resume) {
  const auto compute = HWY_DYNAMIC_DISPATCH(ComputeClassRows);
  const RowScratch s(plan, weights, scratch);
  const int classes = weights.classes, channels = weights.channels;
  const int low_width = plan.low_width(), height = plan.high_height(), width = plan.high_width();
  const auto uchannels = static_cast<size_t>(channels);
  const ResizeAxis& axis = plan.resize.y;
  const auto product = [&](const Buffer& map, int rows, float* to) {
    const Product product = {map.data(), uchannels, s.planar,  s.stride, to,
                             s.stride,   rows,      low_width, channels, false};
    weights.on_matrix_unit ? MultiplyOnMatrixUnit(product, s.products) : Multiply(product);
  };
  // The first and the last low row that row y of the logits needs.
  const auto first_low = [&](int y) { return axis.low[static_cast<size_t>(std::max(0, y - 2))]; };
  const auto last_low = [&](int y) {
    return axis.high[static_cast<size_t>(std::min(height - 1, y + 2))];
  };
  int next_row = resume;  // the next row of Z to compute
  for (int y = y0, rows = 0; y < y1; y += rows) {
    rows = 1;
    while (y + rows < y1 && (y + rows) % kGroupRows != 0 &&
           last_low(y + rows) - first_low(y) < kRingRows) {
      ++rows;
    }
    const int need_last = last_low(y + rows - 1);
    for (next_row = std::max(next_row, first_low(y)); next_row <= need_last; ++next_row) {
      PlanarRow(dec3, next_row, s.stride, s.planar);
      product(weights.maps.main, kMainTaps * classes, s.z_row(next_row));
      Apply(weights.maps.left, kTailTaps * classes, channels, s.planar, s.stride,
            s.side(next_row, 0));
      Apply(weights.maps.right, kTailTaps * classes, channels, s.planar + low_width - 1, s.stride,
            s.side(next_row, 1));
    }
    RowTerms terms[kGroupRows];
    ClassRows group = {.rows = rows,
                       .classes = classes,
                       .stride = s.stride,
                       .sums = s.sums,
                       .out_step = logits.stride()};
    for (int g = 0; g < rows; ++g) {
      RowTerms& t = terms[g];
      for (int ty = 0; ty < kTailTaps; ++ty) {
        const int row = y + g + ty - 2;
        if (row < 0 || row >= height) continue;
        const auto at = static_cast<size_t>(row);
        const float fraction = axis.fraction[at];
        const size_t z_at = static_cast<size_t>(ty * kTailTaps * classes) * s.stride;
        const auto add = [&](int low, float weight) {
          if (weight == 0.0f) return;
          t.sides[0][t.side_count] = {s.side(low, 0) + ty * classes, weight};
          t.sides[1][t.side_count++] = {s.side(low, 1) + ty * classes, weight};
          t.main[t.count++] = {s.z_row(low) + z_at, weight};
        };
        add(axis.low[at], 1.0f - fraction);
        add(axis.high[at], fraction);
      }
      // The corrections of the first (last) row depend only on dec3's first (last) row.
      const bool on_edge[2] = {y + g == 0, y + g == height - 1};
      for (int e = 0; e < 2; ++e) {
        if (!on_edge[e]) continue;
        PlanarRow(dec3, e ? plan.low_height() - 1 : 0, s.stride, s.planar);
        product(e ? weights.maps.bottom : weights.maps.top, kTailTaps * classes, s.edge[e]);
        t.main[t.count++] = {s.edge[e], 1.0f};
        for (int side = 0; side < 2; ++side) {
          float value[kMaxClasses];
          Apply(weights.maps.corner[2 * e + side], classes, channels,
                s.planar + side * (low_width - 1), s.stride, value);
          for (int c = 0; c < classes; ++c) t.corner[side][c] += value[c];
        }
      }
      t.bias = weights.bias.data() +
               ((on_edge[0] ? 1 : 0) | (on_edge[1] ? 2 : 0)) * kEdgeKinds * classes;
      group.terms[g] = t.main;
      group.counts[g] = t.count;
    }
    const int left_edges = 1 | (width == 1 ? 2 : 0), right_edges = 2;
    for (int c = 0; c < classes; ++c) {
      group.c = c;
      group.out = logits.row(c, y - first_row);
      for (int g = 0; g < rows; ++g) group.bias[g] = terms[g].bias[c];
      compute(plan.columns, plan.gather.quadrupled, low_width, group);
      for (int g = 0; g < rows; ++g) {
        const RowTerms& t = terms[g];
        float* out = group.out + static_cast<size_t>(g) * group.out_step;
        float extra_left = t.corner[0][c], extra_right = t.corner[1][c];
        for (int k = 0; k < t.side_count; ++k) {
          extra_left += t.sides[0][k].weight * t.sides[0][k].row[c];
          extra_right += t.sides[1][k].weight * t.sides[1][k].row[c];
        }
        out[0] += extra_left + t.bias[left_edges * classes + c] - t.bias[c];
        out[width - 1] += extra_right;
        if (width > 1) out[width - 1] += t.bias[right_edges * classes + c] - t.bias[c];
      }
    }
  }
  return next_row;
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
