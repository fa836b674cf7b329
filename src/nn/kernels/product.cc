#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/product.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include "nn/kernels/product.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

constexpr bool kManyRegisters = kLanes == 16 || HWY_ARCH_ARM_A64;
constexpr int kRows = 6;  // the register tile of a product is rows x vectors
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

void MultiplyRows(const Product& p) {
  int column = 0;
  const int vectors = (p.n + kLanes - 1) / kLanes;
  for (int left = vectors; left > 0;) {
    // 5 vectors are split into 3 + 2, not 4 + 1, because a tile of a single vector is slow.
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

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(MultiplyRows);

void Multiply(const Product& product) { HWY_DYNAMIC_DISPATCH(MultiplyRows)(product); }

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
