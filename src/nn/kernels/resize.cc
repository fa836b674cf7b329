#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/resize.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>

#include "core/parallel.h"
#include "nn/kernels/resize.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

void ResizeRow(const ResizePlan& plan, const View& in, const View& out, int block, int y) {
  const D d;
  const auto uy = static_cast<size_t>(y);
  const V ty = hn::Set(d, plan.y.fraction[uy]);
  const float* top = in.at(block, plan.y.low[uy], 0);
  const float* bottom = in.at(block, plan.y.high[uy], 0);
  float* HWY_RESTRICT to = out.at(block, y, 0);
  for (int x = 0; x < out.width; ++x, to += kBlock) {
    const auto ux = static_cast<size_t>(x);
    const int left = plan.x.low[ux] * kBlock, right = plan.x.high[ux] * kBlock;
    const V tx = hn::Set(d, plan.x.fraction[ux]);
#pragma GCC unroll 4
    for (int m = 0; m < kBlock; m += kLanes) {
      const V a = hn::Load(d, top + left + m), c = hn::Load(d, bottom + left + m);
      const V upper = hn::MulAdd(tx, hn::Sub(hn::Load(d, top + right + m), a), a);
      const V lower = hn::MulAdd(tx, hn::Sub(hn::Load(d, bottom + right + m), c), c);
      hn::Store(hn::MulAdd(ty, hn::Sub(lower, upper), upper), d, to + m);
    }
  }
}

// Computes one row of the input's gradient. `column` is working memory of out.width * 16 floats.
void ResizeBackwardRow(const ResizePlan& plan, const View& out, const View& in, int block, int y,
                       float* HWY_RESTRICT column) {
  const D d;
  const int floats = out.width * kBlock;
  const auto uy = static_cast<size_t>(y);
  bool started = false;
  for (int r = plan.y.first[uy]; r < plan.y.last[uy]; ++r) {
    const float* HWY_RESTRICT g = out.at(block, r, 0);
    const V weight = hn::Set(d, plan.y.Weight(r, y));
    for (int i = 0; i < floats; i += kLanes) {
      const V add = hn::Mul(weight, hn::Load(d, g + i));
      hn::Store(started ? hn::Add(add, hn::Load(d, column + i)) : add, d, column + i);
    }
    started = true;
  }
  float* HWY_RESTRICT to = in.at(block, y, 0);
  for (int x = 0; x < in.width; ++x, to += kBlock) {
    const auto ux = static_cast<size_t>(x);
#pragma GCC unroll 4
    for (int m = 0; m < kBlock; m += kLanes) {
      V sum = hn::Zero(d);
      for (int c = plan.x.first[ux]; c < plan.x.last[ux]; ++c) {
        sum =
            hn::MulAdd(hn::Set(d, plan.x.Weight(c, x)), hn::Load(d, column + c * kBlock + m), sum);
      }
      hn::Store(sum, d, to + m);
    }
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(ResizeRow);
HWY_EXPORT(ResizeBackwardRow);

ResizeAxis::ResizeAxis(int in_size, int out_size)
    : in(in_size),
      out(out_size),
      low(static_cast<size_t>(out_size)),
      high(static_cast<size_t>(out_size)),
      fraction(static_cast<size_t>(out_size)),
      first(static_cast<size_t>(in_size), out_size),
      last(static_cast<size_t>(in_size), 0) {
  const float scale = static_cast<float>(in_size) / static_cast<float>(out_size);
  for (int i = 0; i < out_size; ++i) {
    const auto at = static_cast<size_t>(i);
    const float source = std::max((static_cast<float>(i) + 0.5f) * scale - 0.5f, 0.0f);
    low[at] = std::min(static_cast<int>(source), in_size - 1);
    high[at] = std::min(low[at] + 1, in_size - 1);
    fraction[at] = source - static_cast<float>(low[at]);
    for (const int j : {low[at], high[at]}) {
      const auto input = static_cast<size_t>(j);
      first[input] = std::min(first[input], i);
      last[input] = std::max(last[input], i + 1);
    }
  }
}

void Resize(const ResizePlan& plan, const View& in, const View& out) {
  const auto resize_row = HWY_DYNAMIC_DISPATCH(ResizeRow);
  ParallelFor(out.height, [&](int y) {
    for (int b = 0; b < out.blocks(); ++b) resize_row(plan, in, out, b, y);
  });
}

void ResizeBackward(const ResizePlan& plan, const View& out_gradient, const View& in_gradient,
                    Scratch& scratch) {
  const auto row = HWY_DYNAMIC_DISPATCH(ResizeBackwardRow);
  const size_t floats = static_cast<size_t>(out_gradient.width * kBlock);
  float* columns = scratch.Floats(floats * static_cast<size_t>(in_gradient.height));
  ParallelFor(in_gradient.height, [&](int y) {
    for (int b = 0; b < in_gradient.blocks(); ++b) {
      row(plan, out_gradient, in_gradient, b, y, columns + floats * static_cast<size_t>(y));
    }
  });
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
