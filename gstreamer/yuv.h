// Luma and chroma to red, green and blue, and back.
#ifndef SHADOWTUTOR_GSTREAMER_YUV_H_
#define SHADOWTUTOR_GSTREAMER_YUV_H_

#include <cstdint>

#include "shadowtutor/types.h"

namespace shadowtutor::gst {

/// What luma is made of. BT.2020 is that of non-constant luminance.
enum class YuvMatrix { kBt601, kBt709, kBt2020, kSmpte240m, kFcc };

/// What the numbers stand for: the matrix, and whether they use the whole range of a byte.
struct YuvCoding {
  YuvMatrix matrix = YuvMatrix::kBt601;
  bool full = false;
};

struct Yuv {
  uint8_t y = 0, u = 128, v = 128;
  bool operator==(const Yuv&) const = default;
};

/// Thread safety: any thread.
class YuvToRgb {
 public:
  explicit YuvToRgb(YuvCoding coding);
  Rgb operator()(Yuv yuv) const {
    const int32_t y = luma_ * (yuv.y - black_) + kHalf;
    const int32_t u = yuv.u - 128, v = yuv.v - 128;
    return {Byte(y + red_v_ * v), Byte(y + green_u_ * u + green_v_ * v), Byte(y + blue_u_ * u)};
  }

 private:
  static constexpr int kShift = 16;
  static constexpr int32_t kHalf = 1 << (kShift - 1);
  static uint8_t Byte(int32_t scaled) {
    const int32_t value = scaled >> kShift;
    return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
  }

  int32_t black_, luma_, red_v_, green_u_, green_v_, blue_u_;  // but for the first, times 2^16
};

/// Thread safety: any thread.
Yuv YuvOf(Rgb color, YuvCoding coding);

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_YUV_H_
