#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/stem_phases.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "nn/kernels/stem.h"
#include "nn/kernels/stem_phases.h"
#include "nn/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {

// The means of the last 16 bytes of columns.
constexpr float kMeans[16] = {kMeanBgr[2], kMeanBgr[0], kMeanBgr[1], kMeanBgr[2],
                              kMeanBgr[0], kMeanBgr[1], kMeanBgr[2], kMeanBgr[0],
                              kMeanBgr[1], kMeanBgr[2], kMeanBgr[0], kMeanBgr[1],
                              kMeanBgr[2], kMeanBgr[0], kMeanBgr[1], kMeanBgr[2]};

// Converts a window of a row of BGR bytes to floats [B, G, R][4 phases][phase] and subtracts the
// mean. May write up to kLanes - 1 floats past the last column of each phase. If `first`, padding
// lies before the window. The bytes of `next` will be read soon.
void SplitBgr4(const uint8_t* HWY_RESTRICT bgr, int width, bool first,
               [[maybe_unused]] const uint8_t* next, size_t phase, float* HWY_RESTRICT out) {
  // The four columns before.
  float before[16] = {};
  if (!first) {
#if HWY_TARGET == HWY_SCALAR
    for (int i = 4; i < 16; ++i) before[i] = static_cast<float>(bgr[i - 16]) - kMeans[i];
#else
    const D d;
    const hn::RebindToSigned<D> di;
    const hn::Rebind<uint8_t, D> d8;
    for (int i = 0; i < 16; i += kLanes) {
      const auto values = hn::PromoteTo(di, hn::LoadU(d8, bgr - 16 + i));
      hn::StoreU(hn::Sub(hn::ConvertTo(d, values), hn::LoadU(d, kMeans + i)), d, before + i);
    }
#endif
  }
  for (size_t c = 0; c < 3; ++c) {
    for (size_t p = 0; p < kStemPhases; ++p) {
      out[(kStemPhases * c + p) * phase + kPhaseMargin - 1] = before[4 + 3 * p + c];
    }
  }
#if HWY_TARGET == HWY_SCALAR
  for (int x = 0; x < width; ++x) {
    for (int c = 0; c < 3; ++c) {
      out[static_cast<size_t>(4 * c + x % 4) * phase + static_cast<size_t>(kPhaseMargin + x / 4)] =
          static_cast<float>(bgr[3 * x + c]) - kMeanBgr[c];
    }
  }
#else
  const D d;
  const hn::Repartition<uint32_t, D> d32;
  const hn::RebindToSigned<D> di;
  constexpr int kStep = 4 * kLanes;  // columns
  const auto low = hn::Set(d32, 0xFF);
  HWY_ALIGN uint32_t last[3 * kLanes];
  for (int x = 0; x < width; x += kStep) {
    // Four columns are three words, whose bytes are BGRB, GRBG and RBGR.
    const auto* from = reinterpret_cast<const uint32_t*>(bgr + 3 * x);  // read unaligned
    const int left = width - x;
    if (left < kStep) {
      std::memset(last, 0, sizeof(last));
      std::memcpy(last, bgr + 3 * x, static_cast<size_t>(3 * left));
      from = last;
    }
    for (int byte = 0; byte < 3 * kStep; byte += 64) hwy::Prefetch(next + 3 * x + byte);
    hn::Vec<decltype(d32)> words[3];
    hn::LoadInterleaved3(d32, from, words[0], words[1], words[2]);
    float* to = out + kPhaseMargin + x / 4;
    const auto store = [&](auto byte, size_t column, size_t channel) HWY_ATTR {
      const V value = hn::ConvertTo(d, hn::BitCast(di, byte));
      hn::StoreU(hn::Sub(value, hn::Set(d, kMeanBgr[channel])), d,
                 to + (kStemPhases * channel + column) * phase);
    };
#pragma GCC unroll 3
    for (size_t w = 0; w < 3; ++w) {
      const size_t byte = 4 * w;
      store(hn::And(words[w], low), byte / 3, byte % 3);
      store(hn::And(hn::ShiftRight<8>(words[w]), low), (byte + 1) / 3, (byte + 1) % 3);
      store(hn::And(hn::ShiftRight<16>(words[w]), low), (byte + 2) / 3, (byte + 2) % 3);
      store(hn::ShiftRight<24>(words[w]), (byte + 3) / 3, (byte + 3) % 3);
    }
  }
#endif
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(SplitBgr4);

ComposedStemShape::ComposedStemShape(FrameSize frame, int most_columns)
    : height0(frame.height), width0(frame.width) {
  const int height1 = (height0 + 1) / 2, width1 = (width0 + 1) / 2;
  height = (height1 + 1) / 2;
  width = (width1 + 1) / 2;
  pads_below = height1 % 2 != 0;
  pads_right = width1 % 2 != 0;
  edge_row = height0 % 4 == 2;
  edge_column = width0 % 4 == 2;
  columns = std::min(width, most_columns);
  windows = (width + columns - 1) / columns;
  phase = (static_cast<size_t>(kPhaseMargin + columns) + 15) / 16 * 16;
  edge_at = 3 * kStemPhases * phase;
  row = edge_at + 16;
  for (int k = 0; k < kStemTaps; ++k) {
    // Column k of the kernel reads column 4 x - 3 + k of the frame.
    const int p = (k + 1) % kStemPhases, shift = k < 3 ? -1 : 0;
    for (int c = 0; c < 3; ++c) {
      taps[static_cast<size_t>(3 * k + c)] = static_cast<size_t>(c * kStemPhases + p) * phase +
                                             static_cast<size_t>(kPhaseMargin + shift);
    }
  }
}

void SplitPhases(ImageView frame, int y, int window, const ComposedStemShape& shape, float* out) {
  const int first = shape.WindowBegin(window), most = shape.WindowColumns(window);
  const uint8_t* bgr = frame.row(y) + 3 * kStemPhases * first;
  // Each row of the output needs four more rows of the frame; this one is for the next but one.
  const uint8_t* next = frame.row(std::min(y + 8, frame.height - 1)) + 3 * kStemPhases * first;
  const int left = shape.width0 - kStemPhases * first;
  HWY_DYNAMIC_DISPATCH(SplitBgr4)
  (bgr, std::min(left, kStemPhases * most), window == 0, next, shape.phase, out);
  // Only the last window can end before a vector of columns does, or within four columns.
  if (window < shape.windows - 1) return;
  float* from = out + kPhaseMargin;
  for (int c = 0; c < 3; ++c) {
    for (int p = 0; p < kStemPhases; ++p, from += shape.phase) {
      const int columns = (left - p + 3) / kStemPhases;
      std::fill(from + columns, from + shape.phase - kPhaseMargin, 0.0f);
    }
  }
  if (!shape.EdgeColumnIn(window)) return;
  // In column 4 n + 1.
  float* last = out + shape.phase + kPhaseMargin + most - 1;
  for (size_t c = 0; c < 3; ++c, last += kStemPhases * shape.phase) {
    out[shape.edge_at + c] = *last;
    *last = 0;
  }
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
