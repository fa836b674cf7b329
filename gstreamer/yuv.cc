#include "gstreamer/yuv.h"

#include <algorithm>
#include <cmath>

namespace shadowtutor::gst {
namespace {

// ITU-R BT.601 and BT.709: what red and blue are of luma, and the ranges of luma and chroma.
struct Constants {
  double red, blue, black, luma, chroma;
  double green() const { return 1 - red - blue; }
};

Constants Of(YuvCoding coding) {
  const bool bt709 = coding == YuvCoding::kBt709 || coding == YuvCoding::kBt709Full;
  const bool full = coding == YuvCoding::kBt601Full || coding == YuvCoding::kBt709Full;
  return {.red = bt709 ? 0.2126 : 0.299,
          .blue = bt709 ? 0.0722 : 0.114,
          .black = full ? 0.0 : 16.0,
          .luma = full ? 255.0 : 219.0,
          .chroma = full ? 255.0 : 224.0};
}

}  // namespace

YuvToRgb::YuvToRgb(YuvCoding coding) {
  const Constants constants = Of(coding);
  const auto fixed = [](double value) {
    return static_cast<int32_t>(std::lround(value * (1 << kShift)));
  };
  const double chroma = 255 / constants.chroma;
  const double red_v = 2 * (1 - constants.red) * chroma;
  const double blue_u = 2 * (1 - constants.blue) * chroma;
  black_ = static_cast<int32_t>(constants.black);
  luma_ = fixed(255 / constants.luma);
  red_v_ = fixed(red_v);
  blue_u_ = fixed(blue_u);
  green_u_ = fixed(-blue_u * constants.blue / constants.green());
  green_v_ = fixed(-red_v * constants.red / constants.green());
}

Yuv YuvOf(Rgb color, YuvCoding coding) {
  const Constants constants = Of(coding);
  const double luma =
      (constants.red * color.r + constants.green() * color.g + constants.blue * color.b) / 255;
  const auto byte = [](double value) {
    return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
  };
  const auto chroma = [&](uint8_t channel, double weight) {
    return byte(128 + constants.chroma * (channel / 255.0 - luma) / (2 * (1 - weight)));
  };
  return {byte(constants.black + constants.luma * luma), chroma(color.b, constants.blue),
          chroma(color.r, constants.red)};
}

}  // namespace shadowtutor::gst
