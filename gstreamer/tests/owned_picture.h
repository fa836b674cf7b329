// Pictures that tests make: with gaps after the rows, which must stay as they are.
#ifndef SHADOWTUTOR_GSTREAMER_TESTS_OWNED_PICTURE_H_
#define SHADOWTUTOR_GSTREAMER_TESTS_OWNED_PICTURE_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "gstreamer/picture.h"

namespace shadowtutor::gst {

inline constexpr uint8_t kGap = 0xa5;

/// A picture of any format whose pixels are those of a function of column and row.
class OwnedPicture {
 public:
  OwnedPicture(PixelFormat format, FrameSize size, const std::function<Rgb(int x, int y)>& color,
               YuvCoding coding = {}) {
    picture_.format = format;
    picture_.size = size;
    picture_.coding = coding;
    const ptrdiff_t stride = ptrdiff_t{size.width + 1} / 2 * 2 * BytesPerPixel(format) + 5;
    const auto rows = static_cast<size_t>(size.height + (size.height + 1) / 2);
    bytes_.assign(static_cast<size_t>(stride) * rows, kGap);
    picture_.planes = {bytes_.data(), bytes_.data() + stride * size.height};
    picture_.strides = {stride, stride};
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) Put(x, y, color(x, y));
    }
  }

  const Picture& get() const { return picture_; }
  const std::vector<uint8_t>& bytes() const { return bytes_; }
  uint8_t* at(size_t plane, int x, int y) const {
    return picture_.row(plane, y) + (plane ? 2 : BytesPerPixel(picture_.format)) * x;
  }
  Rgb color(int x, int y) const {
    Image memory;
    const uint8_t* bgr = AsBgr(picture_, memory).row(y) + 3 * x;
    return {bgr[2], bgr[1], bgr[0]};
  }

 private:
  void Put(int x, int y, Rgb color) {
    uint8_t* pixel = at(0, x, y);
    if (picture_.format == PixelFormat::kNv12) {
      const Yuv yuv = YuvOf(color, picture_.coding);
      *pixel = yuv.y;
      at(1, x / 2, y / 2)[0] = yuv.u;
      at(1, x / 2, y / 2)[1] = yuv.v;
    } else if (picture_.format == PixelFormat::kRgb) {
      std::copy_n(&color.r, 3, pixel);
    } else {
      pixel[0] = color.b;
      pixel[1] = color.g;
      pixel[2] = color.r;
    }
  }

  Picture picture_;
  std::vector<uint8_t> bytes_;
};

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_TESTS_OWNED_PICTURE_H_
