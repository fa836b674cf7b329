#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/tail_forward.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>

#include "nn/kernels/tail.h"
#include "nn/kernels/tail_sums.h"
#include "nn/kernels/vectors-inl.h"
#include "shadowtutor/types.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// Computes one row of the logits of kG classes from v[tx][class][low column].
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

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(InterpolateRow);

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
  float* edge[2] = {};      // corrections of the first and the last row, [tx][class][stride]
  float* sides = nullptr;   // ring of left and right [ty][class]
  float* z_row(int r) const { return z + static_cast<size_t>(r % kRingRows) * z_floats; }
  float* side(int r, int right) const {
    return sides +
           (static_cast<size_t>(r % kRingRows) * 2 + static_cast<size_t>(right)) * side_floats;
  }
};

}  // namespace

size_t TailScratchFloats(const TailPlan& plan, const TailWeights& weights) {
  return RowScratch(plan, weights, nullptr).Floats();
}

void TailRows(const TailPlan& plan, const TailWeights& weights, const View& dec3, int y0, int y1,
              const LogitPlanes& logits, int first_row, float* scratch) {
  const auto interpolate = HWY_DYNAMIC_DISPATCH(InterpolateRow);
  const RowScratch s(plan, weights, scratch);
  const int classes = weights.classes, channels = weights.channels;
  const int low_width = plan.low_width(), height = plan.high_height(), width = plan.high_width();
  const auto uchannels = static_cast<size_t>(channels);
  const ResizeAxis& axis = plan.resize.y;
  const auto product = [&](const Buffer& map, int rows, float* to) {
    Multiply({map.data(), uchannels, s.planar, s.stride, to, s.stride, rows, low_width, channels,
              false});
  };
  int next_row = -1;  // the next row of Z to compute
  for (int y = y0; y < y1; ++y) {
    const int top = std::max(0, y - 2), bottom = std::min(height - 1, y + 2);
    const int need_first = axis.low[static_cast<size_t>(top)];
    const int need_last = axis.high[static_cast<size_t>(bottom)];
    for (next_row = std::max(next_row, need_first); next_row <= need_last; ++next_row) {
      PlanarRow(dec3, next_row, s.stride, s.planar);
      product(weights.maps.main, kMainTaps * classes, s.z_row(next_row));
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
    // The corrections of the first (last) row depend only on dec3's first (last) row.
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
    WeightedSum(terms, count, s.v_floats, s.v);
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

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
