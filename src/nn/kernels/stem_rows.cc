#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/stem_rows.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "nn/kernels/stem_rows.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// Converts a row of BGR bytes to floats [3][even, odd][stride] and subtracts the mean.
void SplitBgr(const uint8_t* HWY_RESTRICT bgr, int width, size_t stride, float* HWY_RESTRICT out) {
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
  // Columns past the end are padding, so they are zero.
  const int evens = (width + 1) / 2, odds = width / 2;
  for (int c = 0; c < 3; ++c) {
    float* row = out + static_cast<size_t>(2 * c) * stride;
    std::fill(row + kSplitRowMargin + evens, row + stride, 0.0f);
    std::fill(row + stride + kSplitRowMargin + odds, row + 2 * stride, 0.0f);
  }
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(SplitBgr);

void SplitBytes(const uint8_t* bgr, int width, size_t stride, float* out) {
  HWY_DYNAMIC_DISPATCH(SplitBgr)(bgr, width, stride, out);
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
