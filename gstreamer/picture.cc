#include "gstreamer/picture.h"

namespace shadowtutor::gst {
namespace {

void RowFromNv12(const Picture& picture, const YuvToRgb& convert, int y, uint8_t* out) {
  const uint8_t* luma = picture.row(0, y);
  const uint8_t* chroma = picture.row(1, y / 2);
  for (int x = 0; x < picture.size.width; ++x, out += 3) {
    const uint8_t* pair = chroma + x / 2 * 2;
    const Rgb rgb = convert({luma[x], pair[0], pair[1]});
    out[0] = rgb.b;
    out[1] = rgb.g;
    out[2] = rgb.r;
  }
}

void RowFromPacked(const Picture& picture, int y, uint8_t* out) {
  const uint8_t* in = picture.row(0, y);
  const int step = BytesPerPixel(picture.format);
  const int blue = picture.format == PixelFormat::kRgb ? 2 : 0;
  for (int x = 0; x < picture.size.width; ++x, in += step, out += 3) {
    out[0] = in[blue];
    out[1] = in[1];
    out[2] = in[2 - blue];
  }
}

}  // namespace

ImageView AsBgr(const Picture& picture, Image& memory) {
  const auto [width, height] = picture.size;
  if (picture.format == PixelFormat::kBgr) {
    return {picture.planes[0], width, height, picture.strides[0]};
  }
  if (memory.size() != picture.size) memory = Image(width, height);
  const YuvToRgb convert(picture.coding);
  for (int y = 0; y < height; ++y) {
    if (picture.format == PixelFormat::kNv12) {
      RowFromNv12(picture, convert, y, memory.row(y));
    } else {
      RowFromPacked(picture, y, memory.row(y));
    }
  }
  return memory;
}

}  // namespace shadowtutor::gst
