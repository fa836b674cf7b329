#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/composition.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "core/parallel.h"
#include "nn/kernels/composition.h"
#include "nn/kernels/product.h"
#include "nn/kernels/tensor.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// c[o][i] = sum over m of a[o][m] * b[m][i], for n x n matrices whose rows are `step` floats, whole
// vectors, apart. Every product is rounded before it is added, so that every instruction set gives
// the same bits: adding it to 0 first keeps the compiler from joining product and sum.
void MultiplyRounded(const float* HWY_RESTRICT a, const float* HWY_RESTRICT b, size_t n,
                     size_t step, float* HWY_RESTRICT c) {
  const D d;
  const size_t lanes = static_cast<size_t>(kLanes);
  for (size_t o = 0; o < n; o += 4) {
    const size_t rows = HWY_MIN(size_t{4}, n - o);
    for (size_t i = 0; i < step; i += lanes) {
      V sum[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
      const float* HWY_RESTRICT row[4];
      for (size_t k = 0; k < 4; ++k) row[k] = a + (o + HWY_MIN(k, rows - 1)) * step;
      for (size_t m = 0; m < n; ++m) {
        const V bv = hn::LoadU(d, b + m * step + i);
#pragma GCC unroll 4
        for (size_t k = 0; k < 4; ++k) {
          const V product = hn::MulAdd(hn::Set(d, row[k][m]), bv, hn::Zero(d));
          sum[k] = hn::Add(product, sum[k]);
        }
      }
      for (size_t k = 0; k < rows; ++k) hn::StoreU(sum[k], d, c + (o + k) * step + i);
    }
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(MultiplyRounded);

namespace {

// The floats of a matrix of channels x channels whose rows are whole blocks.
size_t RowStep(int channels) { return static_cast<size_t>(Blocks(channels) * kBlock); }
size_t MatrixFloats(int channels) { return static_cast<size_t>(channels) * RowStep(channels); }

// Copies tap `t` of `taps` taps of a kernel [out][in][taps] to a matrix [out][in].
void TakeTap(std::span<const float> kernel, size_t n, size_t taps, size_t t, size_t step,
             float* matrix) {
  for (size_t o = 0; o < n; ++o) {
    for (size_t i = 0; i < n; ++i) matrix[o * step + i] = kernel[(o * n + i) * taps + t];
  }
}
// The same, to a matrix [in][out].
void TakeTapTransposed(std::span<const float> kernel, size_t n, size_t taps, size_t t, size_t step,
                       float* matrix) {
  for (size_t o = 0; o < n; ++o) {
    for (size_t i = 0; i < n; ++i) matrix[i * step + o] = kernel[(o * n + i) * taps + t];
  }
}

}  // namespace

size_t ComposeFloats(int channels) { return 7 * MatrixFloats(channels); }
size_t SplitFloats(int channels) { return 21 * MatrixFloats(channels); }

void ComposeKernel(std::span<const float> weight2, std::span<const float> weight3, int channels,
                   float* oihw, float* working) {
  const auto multiply = HWY_DYNAMIC_DISPATCH(MultiplyRounded);
  const size_t n = static_cast<size_t>(channels), step = RowStep(channels);
  const size_t matrix = MatrixFloats(channels);
  float* product = working + 6 * matrix;
  for (size_t t = 0; t < 3; ++t) {
    TakeTap(weight2, n, 3, t, step, working + t * matrix);
    TakeTap(weight3, n, 3, t, step, working + (3 + t) * matrix);
  }
  for (size_t r = 0; r < 3; ++r) {
    for (size_t c = 0; c < 3; ++c) {
      multiply(working + (3 + r) * matrix, working + c * matrix, n, step, product);
      for (size_t o = 0; o < n; ++o) {
        for (size_t i = 0; i < n; ++i) oihw[(o * n + i) * 9 + r * 3 + c] = product[o * step + i];
      }
    }
  }
}

void SplitKernelGradient(std::span<const float> weight2, std::span<const float> weight3,
                         int channels, const float* oihw, std::span<float> weight2_gradient,
                         std::span<float> weight3_gradient, float* working) {
  const size_t n = static_cast<size_t>(channels), step = RowStep(channels);
  const size_t matrix = MatrixFloats(channels);
  float* from2 = working;              // weight2's taps, [in][out]
  float* from3 = from2 + 3 * matrix;   // weight3's taps, [in][out]
  float* kernel = from3 + 3 * matrix;  // K's gradient, [tap][out][in]
  float* to = kernel + 9 * matrix;     // the results, [tap][out][in]
  ParallelFor(3 + 3 + 9, [&](int task) {
    const auto t = static_cast<size_t>(task);
    if (t < 3) {
      TakeTapTransposed(weight2, n, 3, t, step, from2 + t * matrix);
    } else if (t < 6) {
      TakeTapTransposed(weight3, n, 3, t - 3, step, from3 + (t - 3) * matrix);
    } else {
      TakeTap({oihw, n * n * 9}, n, 9, t - 6, step, kernel + (t - 6) * matrix);
    }
  });
  ParallelFor(6, [&](int task) {
    const auto t = static_cast<size_t>(task % 3);
    const bool second = task < 3;
    float* result = to + static_cast<size_t>(task) * matrix;
    for (size_t k = 0; k < 3; ++k) {
      // weight2's tap c: sum over r of weight3_r^T dK_rc; weight3's tap r: sum over c of
      // dK_rc weight2_c^T.
      const float* a = second ? from3 + k * matrix : kernel + (t * 3 + k) * matrix;
      const float* b = second ? kernel + (k * 3 + t) * matrix : from2 + k * matrix;
      Multiply({a, step, b, step, result, step, channels, channels, channels, k > 0});
    }
    std::span<float> gradient = second ? weight2_gradient : weight3_gradient;
    for (size_t o = 0; o < n; ++o) {
      for (size_t i = 0; i < n; ++i) gradient[(o * n + i) * 3 + t] = result[o * step + i];
    }
  });
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
