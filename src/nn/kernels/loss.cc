#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/loss.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/parallel.h"
#include "nn/kernels/head_rows-inl.h"
#include "nn/kernels/loss.h"
#include "nn/kernels/vectors-inl.h"

#ifndef SHADOWTUTOR_NN_KERNELS_LOSS_CC_ONCE
#define SHADOWTUTOR_NN_KERNELS_LOSS_CC_ONCE
namespace shadowtutor::nn {

// The slopes of the soft Jaccard loss along a pixel's probability of each class: of the classes
// that are not its label, and of the one that is.
struct JaccardSlopes {
  const float* other;
  const float* label;
};

// One row of the frame with its logits.
struct PixelRow {
  const float* logits;  // [class][step], margins as in MarginRow
  size_t step;
  int classes, half_width;
  const uint8_t* label;  // FullRow entries; those past the frame have weight 0
  const float* weight;
  float* exponents;  // working memory, [class][vector]
};

// What the loss of a row is computed with, and where its gradient goes.
struct RowLoss {
  float scale;      // factor of the gradient
  float* gradient;  // doubled: [even, odd][class][step]; else [class][step] at full width
  const JaccardSlopes* slopes;  // null: cross entropy alone
};

}  // namespace shadowtutor::nn
#endif  // SHADOWTUTOR_NN_KERNELS_LOSS_CC_ONCE

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// e^x for x <= 0, with an error of at most 2e-7: 2^n times a polynomial in the remainder of
// x / ln 2.
HWY_INLINE V ExpOfNegative(V x) {
  const D d;
  const DI di;
  x = hn::Max(x, hn::Set(d, -87.0f));
  const V y = hn::Mul(x, hn::Set(d, 1.44269504f));
  const V n = hn::Round(y);
  const V f = hn::MulAdd(n, hn::Set(d, -0.693147182f), x);
  V p = hn::Set(d, 1.0f / 720.0f);
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f / 120.0f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f / 24.0f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f / 6.0f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.5f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<23>(hn::ConvertTo(di, n))));
}

// Adds the gradient of the soft Jaccard loss for a vector of pixels, whose probabilities are
// z[class] / sum. A pixel of weight 0 has none.
HWY_INLINE void AddJaccardGradient(const float* HWY_RESTRICT z, int classes, V sum, VI label,
                                   V weight, const JaccardSlopes& slopes, float* HWY_RESTRICT g,
                                   size_t g_step) {
  const D d;
  const DI di;
  const V inverse = hn::IfThenElseZero(hn::Ne(weight, hn::Zero(d)), hn::Div(hn::Set(d, 1.0f), sum));
  const auto slope = [&](int c) HWY_ATTR {
    const auto is_label = hn::RebindMask(d, hn::Eq(label, hn::Set(di, c)));
    return hn::IfThenElse(is_label, hn::Set(d, slopes.label[c]), hn::Set(d, slopes.other[c]));
  };
  V mean = hn::Zero(d);  // of the slopes, by probability
  for (int c = 0; c < classes; ++c) {
    mean = hn::MulAdd(hn::Mul(hn::Load(d, z + c * kLanes), inverse), slope(c), mean);
  }
  for (int c = 0; c < classes; ++c, g += g_step) {
    const V p = hn::Mul(hn::Load(d, z + c * kLanes), inverse);
    const V change = hn::Mul(p, hn::Sub(slope(c), mean));
    hn::StoreU(hn::Add(hn::LoadU(d, g), hn::IfThenElseZero(hn::Ne(weight, hn::Zero(d)), change)), d,
               g);
  }
}

// Adds the probabilities of a vector of pixels to `sums`: [probability, probability where it is the
// label][class][vector]. z[class][vector] has their logits.
HWY_INLINE void AddProbabilities(float* HWY_RESTRICT z, int classes, V largest, VI label, V weight,
                                 float* HWY_RESTRICT sums) {
  const D d;
  const DI di;
  V sum = hn::Zero(d);
  for (int c = 0; c < classes; ++c) {
    const V e = ExpOfNegative(hn::Sub(hn::Load(d, z + c * kLanes), largest));
    sum = hn::Add(sum, e);
    hn::Store(e, d, z + c * kLanes);
  }
  const auto counts = hn::Ne(weight, hn::Zero(d));
  const V inverse = hn::Div(hn::Set(d, 1.0f), sum);
  float* HWY_RESTRICT of_label = sums + classes * kLanes;
  for (int c = 0; c < classes; ++c) {
    const V p = hn::IfThenElseZero(counts, hn::Mul(hn::Load(d, z + c * kLanes), inverse));
    const auto is_label = hn::RebindMask(d, hn::Eq(label, hn::Set(di, c)));
    hn::Store(hn::Add(hn::Load(d, sums + c * kLanes), p), d, sums + c * kLanes);
    hn::Store(hn::Add(hn::Load(d, of_label + c * kLanes), hn::IfThenElseZero(is_label, p)), d,
              of_label + c * kLanes);
  }
}

// The weighted losses of a vector of pixels. z[class][vector] has their logits and is overwritten
// with the exponentials; the gradient goes to g[class][g_step]. With `slopes`, the gradient of the
// soft Jaccard loss is in it, too.
HWY_INLINE V SoftmaxLoss(float* HWY_RESTRICT z, int classes, V largest, VI label, V weight, V scale,
                         float* HWY_RESTRICT g, size_t g_step, const JaccardSlopes* slopes) {
  const D d;
  const DI di;
  V sum = hn::Zero(d), of_label = hn::Zero(d);
  for (int c = 0; c < classes; ++c) {
    const V shifted = hn::Sub(hn::Load(d, z + c * kLanes), largest);
    of_label = hn::IfThenElse(hn::RebindMask(d, hn::Eq(label, hn::Set(di, c))), shifted, of_label);
    const V e = ExpOfNegative(shifted);
    sum = hn::Add(sum, e);
    hn::Store(e, d, z + c * kLanes);
  }
  const V scaled = hn::Mul(weight, scale);
  const V factor = hn::Div(scaled, sum);
  for (int c = 0; c < classes; ++c, g += g_step) {
    const V e = hn::Mul(hn::Load(d, z + c * kLanes), factor);
    const auto is_label = hn::RebindMask(d, hn::Eq(label, hn::Set(di, c)));
    hn::StoreU(hn::Sub(e, hn::IfThenElseZero(is_label, scaled)), d, g);
  }
  if (slopes) {
    AddJaccardGradient(z, classes, sum, label, weight, *slopes,
                       g - static_cast<size_t>(classes) * g_step, g_step);
  }
  // Pixels past the frame have weight 0, but their logits may be NaN, so multiplying is not enough.
  const V loss = hn::Mul(weight, hn::Sub(hn::Log(d, sum), of_label));
  return hn::IfThenElseZero(hn::Ne(weight, hn::Zero(d)), loss);
}

// Calls visit(x, odd, largest, label, weight) for each vector of the even, then of the odd columns
// of a row that is enlarged to exactly twice the width; x is a column at half resolution. Their
// logits are in row.exponents, the largest ones in `largest`.
template <typename Visit>
HWY_INLINE void VisitDoubled(const PixelRow& row, Visit&& visit) {
  const D d;
  const DI di;
  const hn::Rebind<uint16_t, D> d16;
  for (int x = 0; x < row.half_width; x += kLanes) {
    HWY_ALIGN uint16_t pairs[kLanes];
    std::memcpy(pairs, row.label + 2 * x, sizeof(pairs));
    const VI both = hn::PromoteTo(di, hn::Load(d16, pairs));
    V weights[2];
    hn::LoadInterleaved2(d, row.weight + 2 * x, weights[0], weights[1]);
    for (int odd = 0; odd < 2; ++odd) {
      const VI label = odd ? hn::ShiftRight<8>(both) : hn::And(both, hn::Set(di, 255));
      const float* p = row.logits + kMargin + x;
      V largest = hn::Zero(d);
      for (int c = 0; c < row.classes; ++c, p += row.step) {
        const V z = odd ? Odd(p) : Even(p);
        largest = c ? hn::Max(largest, z) : z;
        hn::Store(z, d, row.exponents + c * kLanes);
      }
      visit(x, odd, largest, label, weights[odd]);
    }
  }
}

// The same for a row of any width: visit(j, largest, label, weight) for vector j of its columns.
template <typename Visit>
HWY_INLINE void VisitAny(const PixelRow& row, const InterpolationTable& table, Visit&& visit) {
  const D d;
  const DI di;
  const hn::Rebind<uint8_t, DI> d8;
  for (int j = 0; j < table.vectors; ++j) {
    const float* p = row.logits + kMargin;
    V largest = hn::Zero(d);
    for (int c = 0; c < row.classes; ++c, p += row.step) {
      const V z = Interpolate(table, p, j);
      largest = c ? hn::Max(largest, z) : z;
      hn::Store(z, d, row.exponents + c * kLanes);
    }
    HWY_ALIGN uint8_t bytes[kLanes];
    std::memcpy(bytes, row.label + j * kLanes, sizeof(bytes));
    const VI label = hn::PromoteTo(di, hn::Load(d8, bytes));
    visit(j, largest, label, hn::LoadU(d, row.weight + j * kLanes));
  }
}

double LossRowDoubled(const PixelRow& row, const RowLoss& to) {
  const D d;
  const V scale = hn::Set(d, to.scale);
  V loss = hn::Zero(d);
  VisitDoubled(row, [&](int x, int odd, V largest, VI label, V weight) HWY_ATTR {
    float* g = to.gradient + static_cast<size_t>(odd * row.classes) * row.step + kMargin + x;
    loss = hn::Add(loss, SoftmaxLoss(row.exponents, row.classes, largest, label, weight, scale, g,
                                     row.step, to.slopes));
  });
  return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, loss)));
}

double LossRowAny(const PixelRow& row, const RowLoss& to, const InterpolationTable& table,
                  size_t gradient_step) {
  const D d;
  const V scale = hn::Set(d, to.scale);
  V loss = hn::Zero(d);
  VisitAny(row, table, [&](int j, V largest, VI label, V weight) HWY_ATTR {
    loss = hn::Add(loss, SoftmaxLoss(row.exponents, row.classes, largest, label, weight, scale,
                                     to.gradient + j * kLanes, gradient_step, to.slopes));
  });
  return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, loss)));
}

// Add the probabilities of a row's pixels to `sums`, as AddProbabilities.
void SumRowDoubled(const PixelRow& row, float* sums) {
  VisitDoubled(row, [&](int, int, V largest, VI label, V weight) HWY_ATTR {
    AddProbabilities(row.exponents, row.classes, largest, label, weight, sums);
  });
}

void SumRowAny(const PixelRow& row, const InterpolationTable& table, float* sums) {
  VisitAny(row, table, [&](int, V largest, VI label, V weight) HWY_ATTR {
    AddProbabilities(row.exponents, row.classes, largest, label, weight, sums);
  });
}

// The transpose of doubling a row: gradients at even and odd columns to a row `h` of half width.
void HalveRow(float* HWY_RESTRICT even, float* HWY_RESTRICT odd, int half_width,
              float* HWY_RESTRICT h) {
  const D d;
  const V near = hn::Set(d, 0.75f), far = hn::Set(d, 0.25f);
  even += kMargin;
  odd += kMargin;
  // Doubling repeats the first and last value beyond the row, so here they get the margins' share.
  odd[-1] = even[0];
  even[half_width] = odd[half_width - 1];
  for (int x = 0; x < half_width; x += kLanes) {
    const V close = hn::Add(hn::LoadU(d, even + x), hn::LoadU(d, odd + x));
    const V apart = hn::Add(hn::LoadU(d, even + x + 1), hn::LoadU(d, odd + x - 1));
    hn::StoreU(hn::MulAdd(close, near, hn::Mul(apart, far)), d, h + x);
  }
}

// to = weight * h, or to += weight * h if `accumulate`.
void AddRow(const float* HWY_RESTRICT h, float weight, int width, bool accumulate,
            float* HWY_RESTRICT to) {
  const D d;
  const V w = hn::Set(d, weight);
  for (int x = 0; x < width; x += kLanes) {
    const V v = hn::Mul(w, hn::LoadU(d, h + x));
    hn::StoreU(accumulate ? hn::Add(v, hn::LoadU(d, to + x)) : v, d, to + x);
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(BlendRows);
HWY_EXPORT(LossRowDoubled);
HWY_EXPORT(LossRowAny);
HWY_EXPORT(SumRowDoubled);
HWY_EXPORT(SumRowAny);
HWY_EXPORT(HalveRow);
HWY_EXPORT(AddRow);

namespace {

// What the soft Jaccard loss needs to know of the whole frame before the gradient of a pixel can be
// computed.
struct Jaccard {
  double loss = 0;  // already times its weight
  std::vector<float> other, label;
};

// The sums over the frame, then the loss and its slopes: with I the sum of a class's probability
// where it is the label and U = (sum of its probability) + (pixels of the label) - I, the loss is
// the mean of 1 - I / U over the classes that the label has.
Jaccard SumUp(const HeadPlan& plan, const LogitPlanes& logits, const uint8_t* label,
              const float* pixel_weight, float jaccard_weight, Scratch& scratch) {
  const auto blend = HWY_DYNAMIC_DISPATCH(BlendRows);
  const auto doubled = HWY_DYNAMIC_DISPATCH(SumRowDoubled);
  const auto any = HWY_DYNAMIC_DISPATCH(SumRowAny);
  const int classes = logits.classes, half_width = plan.resize.x.in;
  const int width = plan.width(), height = plan.height();
  const auto uclasses = static_cast<size_t>(classes), uwidth = static_cast<size_t>(width);
  const size_t step = MarginRow(half_width), full = FullRow(width);
  const size_t per_chunk = uclasses * step + 3 * uclasses * 16 + 2 * full;
  const int chunks = SumChunks(height);
  float* all = scratch.Floats(per_chunk * static_cast<size_t>(chunks));
  // [chunk][probability, of label][class], then [chunk][pixels of label][class]
  double* sums = scratch.Doubles(3 * uclasses * static_cast<size_t>(chunks));
  ParallelFor(chunks, [&](int chunk) {
    float* blended = all + per_chunk * static_cast<size_t>(chunk);
    float* exponents = blended + uclasses * step;
    float* lanes = exponents + uclasses * 16;
    float* weights = lanes + 2 * uclasses * 16;
    auto* labels = reinterpret_cast<uint8_t*>(weights + full);
    double* total = sums + 3 * uclasses * static_cast<size_t>(chunk);
    std::fill_n(total, 3 * uclasses, 0.0);
    std::memset(weights, 0, 2 * full * sizeof(float));
    // Neighbours mostly have the same label, so they are counted in different places: an addition
    // need not wait for the one before.
    constexpr size_t kTallies = 4;
    std::array<std::array<uint32_t, 256>, kTallies> pixels = {};
    for (int y = ChunkBegin(height, chunks, chunk); y < ChunkBegin(height, chunks, chunk + 1);
         ++y) {
      const auto at = static_cast<size_t>(y);
      for (int c = 0; c < classes; ++c) {
        blend(logits.row(c, plan.resize.y.low[at]), logits.row(c, plan.resize.y.high[at]),
              plan.resize.y.fraction[at], half_width, blended + step * static_cast<size_t>(c));
      }
      std::memcpy(labels, label + at * uwidth, uwidth);
      std::memcpy(weights, pixel_weight + at * uwidth, uwidth * sizeof(float));
      std::fill_n(lanes, 2 * uclasses * 16, 0.0f);
      const PixelRow row = {blended, step, classes, half_width, labels, weights, exponents};
      const size_t vector = static_cast<size_t>(FloatLanes());
      plan.doubled ? doubled(row, lanes) : any(row, plan.columns, lanes);
      for (size_t k = 0; k < 2 * uclasses; ++k) {
        for (size_t lane = 0; lane < vector; ++lane) {
          total[k] += static_cast<double>(lanes[k * vector + lane]);
        }
      }
      for (size_t x = 0; x < uwidth; ++x) pixels[x % kTallies][labels[x]] += weights[x] != 0;
    }
    for (const auto& tally : pixels) {
      for (size_t c = 0; c < uclasses; ++c) total[2 * uclasses + c] += tally[c];
    }
  });
  for (int chunk = 1; chunk < chunks; ++chunk) {
    for (size_t k = 0; k < 3 * uclasses; ++k) {
      sums[k] += sums[3 * uclasses * static_cast<size_t>(chunk) + k];
    }
  }
  const double* probability = sums;
  const double* overlap = sums + uclasses;
  const double* pixels = sums + 2 * uclasses;
  const auto present = std::count_if(pixels, pixels + uclasses, [](double n) { return n > 0; });
  Jaccard jaccard{.other = std::vector<float>(uclasses), .label = std::vector<float>(uclasses)};
  for (size_t c = 0; c < uclasses; ++c) {
    if (!(pixels[c] > 0)) continue;
    const double weight = static_cast<double>(jaccard_weight) / static_cast<double>(present);
    const double united = probability[c] + pixels[c] - overlap[c];
    jaccard.loss += weight * (1 - overlap[c] / united);
    jaccard.other[c] = static_cast<float>(weight * overlap[c] / (united * united));
    jaccard.label[c] = static_cast<float>(-weight / united);
  }
  return jaccard;
}

}  // namespace

double SegmentationLoss(const HeadPlan& plan, const LogitPlanes& logits, const uint8_t* label,
                        const float* pixel_weight, float jaccard_weight,
                        const LogitPlanes& gradient, Scratch& scratch) {
  Jaccard jaccard;
  if (jaccard_weight > 0) {
    jaccard = SumUp(plan, logits, label, pixel_weight, jaccard_weight, scratch);
  }
  const JaccardSlopes slopes = {jaccard.other.data(), jaccard.label.data()};
  const auto blend = HWY_DYNAMIC_DISPATCH(BlendRows);
  const auto loss_doubled = HWY_DYNAMIC_DISPATCH(LossRowDoubled);
  const auto loss_any = HWY_DYNAMIC_DISPATCH(LossRowAny);
  const auto halve = HWY_DYNAMIC_DISPATCH(HalveRow);
  const auto add_row = HWY_DYNAMIC_DISPATCH(AddRow);
  const int classes = logits.classes, half_width = plan.resize.x.in, width = plan.width();
  const int half_height = plan.resize.y.in;
  const auto uclasses = static_cast<size_t>(classes), uwidth = static_cast<size_t>(width);
  const size_t step = MarginRow(half_width), full = FullRow(width);
  const size_t gradient_floats = plan.doubled ? 2 * uclasses * step : uclasses * full;
  const size_t per_chunk = uclasses * step + gradient_floats + uclasses * 16 + step + 2 * full;
  const int chunks = SumChunks(half_height);
  float* all = scratch.Floats(per_chunk * static_cast<size_t>(chunks));
  double* row_loss = scratch.Doubles(static_cast<size_t>(plan.height()));
  // A task computes the gradient of some rows of logits. Rows of the frame that two tasks need are
  // computed by both.
  ParallelFor(chunks, [&](int chunk) {
    float* blended = all + per_chunk * static_cast<size_t>(chunk);
    float* gradients = blended + uclasses * step;
    float* exponents = gradients + gradient_floats;
    float* half = exponents + uclasses * 16;
    float* weights = half + step;
    auto* labels = reinterpret_cast<uint8_t*>(weights + full);
    std::memset(gradients, 0, gradient_floats * sizeof(float));
    std::memset(weights, 0, 2 * full * sizeof(float));
    const int begin = ChunkBegin(half_height, chunks, chunk);
    const int end = ChunkBegin(half_height, chunks, chunk + 1);
    for (int c = 0; c < classes; ++c) {
      for (int y = begin; y < end; ++y) {
        std::memset(gradient.row(c, y), 0, gradient.stride() * sizeof(float));
      }
    }
    const ResizeAxis& axis = plan.resize.y;
    const int first = axis.first[static_cast<size_t>(begin)];
    const int last = axis.last[static_cast<size_t>(end - 1)];
    for (int y = first; y < last; ++y) {
      const auto at = static_cast<size_t>(y);
      const int low = axis.low[at], high = axis.high[at];
      const float fraction = axis.fraction[at];
      for (int c = 0; c < classes; ++c) {
        blend(logits.row(c, low), logits.row(c, high), fraction, half_width,
              blended + step * static_cast<size_t>(c));
      }
      std::memcpy(labels, label + at * uwidth, uwidth);
      std::memcpy(weights, pixel_weight + at * uwidth, uwidth * sizeof(float));
      const PixelRow row = {blended, step, classes, half_width, labels, weights, exponents};
      const RowLoss to = {1.0f / static_cast<float>(uwidth * static_cast<size_t>(plan.height())),
                          gradients, jaccard_weight > 0 ? &slopes : nullptr};
      const double loss =
          plan.doubled ? loss_doubled(row, to) : loss_any(row, to, plan.columns, full);
      if (low >= begin && low < end) row_loss[y] = loss;
      for (int c = 0; c < classes; ++c) {
        if (plan.doubled) {
          float* even = gradients + static_cast<size_t>(c) * step;
          halve(even, even + uclasses * step, half_width, half);
        } else {
          const ResizeAxis& columns = plan.resize.x;
          const float* from = gradients + static_cast<size_t>(c) * full;
          std::fill_n(half, step, 0.0f);
          for (size_t x = 0; x < uwidth; ++x) {
            half[columns.low[x]] += (1.0f - columns.fraction[x]) * from[x];
            half[columns.high[x]] += columns.fraction[x] * from[x];
          }
        }
        if (low >= begin && low < end) {
          add_row(half, 1.0f - fraction, half_width, true, gradient.row(c, low));
        }
        if (high >= begin && high < end) {
          add_row(half, fraction, half_width, true, gradient.row(c, high));
        }
      }
    }
  });
  double loss = 0;
  for (int y = 0; y < plan.height(); ++y) loss += row_loss[y];
  return loss / (static_cast<double>(width) * plan.height()) + jaccard.loss;
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
