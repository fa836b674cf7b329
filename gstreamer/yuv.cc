#include "gstreamer/yuv.h"

#include <algorithm>
#include <cmath>

namespace shadowtutor::gst {
namespace {

// What red and blue are of luma, and the ranges of luma and chroma.
struct Constants {
  double red, blue, black, luma, chroma;
  double green() const { return 1 - red - blue; }
};

struct Weights {
  double red, blue;
};

Weights Of(YuvMatrix matrix) {
  switch (matrix) {
    case YuvMatrix::kBt709:
      return {0.2126, 0.0722};
    case YuvMatrix::kBt2020:
      return {0.2627, 0.0593};
    case YuvMatrix::kSmpte240m:
      return {0.212, 0.087};
    case YuvMatrix::kFcc:
      return {0.30, 0.11};
    case YuvMatrix::kBt601:
      break;
  }
  return {0.299, 0.114};
}

Constants Of(YuvCoding coding) {
  const Weights weights = Of(coding.matrix);
  return {.red = weights.red,
          .blue = weights.blue,
          .black = coding.full ? 0.0 : 16.0,
          .luma = coding.full ? 255.0 : 219.0,
          .chroma = coding.full ? 255.0 : 224.0};
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
