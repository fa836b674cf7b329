#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/stem_phases.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "nn/kernels/stem.h"
#include "nn/kernels/stem_phases.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// Converts a row of BGR bytes to floats [B, G, R][4 phases][phase] and subtracts the mean. May
// write up to kLanes - 1 floats past the last column of each phase.
void SplitBgr4(const uint8_t* HWY_RESTRICT bgr, int width, size_t phase, float* HWY_RESTRICT out) {
#if HWY_TARGET == HWY_SCALAR
  for (int x = 0; x < width; ++x) {
    for (int c = 0; c < 3; ++c) {
      out[static_cast<size_t>(4 * c + x % 4) * phase + static_cast<size_t>(kPhaseMargin + x / 4)] =
          static_cast<float>(bgr[3 * x + c]) - kMeanBgr[c];
    }
  }
#else
  const D d;
  const hn::Repartition<uint8_t, D> d8;
  const hn::Repartition<uint32_t, D> d32;
  const hn::RebindToSigned<D> di;
  constexpr int kStep = 4 * kLanes;  // columns
  const auto low = hn::Set(d32, 0xFF);
  HWY_ALIGN uint8_t last[3 * kStep];
  for (int x = 0; x < width; x += kStep) {
    const uint8_t* from = bgr + 3 * x;
    const int left = width - x;
    if (left < kStep) {
      std::memset(last, 0, sizeof(last));
      std::memcpy(last, from, static_cast<size_t>(3 * left));
      from = last;
    }
    hn::Vec<decltype(d8)> channels[3];
    hn::LoadInterleaved3(d8, from, channels[0], channels[1], channels[2]);
    float* to = out + kPhaseMargin + x / 4;
#pragma GCC unroll 3
    for (int c = 0; c < 3; ++c, to += 4 * phase) {
      const V mean = hn::Set(d, kMeanBgr[c]);
      const auto four = hn::BitCast(d32, channels[c]);
      const auto store = [&](auto bytes, size_t p) HWY_ATTR {
        hn::StoreU(hn::Sub(hn::ConvertTo(d, hn::BitCast(di, bytes)), mean), d, to + p * phase);
      };
      store(hn::And(four, low), 0);
      store(hn::And(hn::ShiftRight<8>(four), low), 1);
      store(hn::And(hn::ShiftRight<16>(four), low), 2);
      store(hn::ShiftRight<24>(four), 3);
    }
  }
#endif
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(SplitBgr4);

ComposedStemShape::ComposedStemShape(FrameSize frame) : height0(frame.height), width0(frame.width) {
  const int height1 = (height0 + 1) / 2, width1 = (width0 + 1) / 2;
  height = (height1 + 1) / 2;
  width = (width1 + 1) / 2;
  pads_below = height1 % 2 != 0;
  pads_right = width1 % 2 != 0;
  edge_row = height0 % 4 == 2;
  edge_column = width0 % 4 == 2;
  phase = (static_cast<size_t>(kPhaseMargin + width + kMostColumns) + 15) / 16 * 16;
  edge_at = 3 * kStemPhases * phase;
  row = edge_at + 16;
}

void SplitPhases(ImageView frame, int y, const ComposedStemShape& shape, float* out) {
  HWY_DYNAMIC_DISPATCH(SplitBgr4)(frame.row(y), frame.width, shape.phase, out);
  float* from = out;
  for (int c = 0; c < 3; ++c) {
    for (int p = 0; p < kStemPhases; ++p, from += shape.phase) {
      const int columns = (shape.width0 - p + 3) / 4;
      from[kPhaseMargin - 1] = 0;
      std::fill(from + kPhaseMargin + columns, from + shape.phase, 0.0f);
    }
  }
  if (!shape.edge_column) return;
  // In column 4 n + 1.
  float* last = out + shape.phase + kPhaseMargin + shape.width - 1;
  for (size_t c = 0; c < 3; ++c, last += kStemPhases * shape.phase) {
    out[shape.edge_at + c] = *last;
    *last = 0;
  }
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
