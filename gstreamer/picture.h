// A picture in memory as the element gets it, in one of the formats that it takes, and as the
// student needs it.
#ifndef SHADOWTUTOR_GSTREAMER_PICTURE_H_
#define SHADOWTUTOR_GSTREAMER_PICTURE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "gstreamer/yuv.h"
#include "shadowtutor/types.h"

namespace shadowtutor::gst {

enum class PixelFormat {
  kBgr,
  kRgb,
  kBgrx,  // four bytes a pixel, of which the last one is never changed
  kNv12,  // a plane of luma, and one of pairs of chroma at half the width and height, rounded up
};

/// A picture whose pixels belong to somebody else.
struct Picture {
  PixelFormat format = PixelFormat::kBgr;
  FrameSize size;
  std::array<uint8_t*, 2> planes{};    // the second one of NV12 alone
  std::array<ptrdiff_t, 2> strides{};  // bytes from one row to the next
  YuvCoding coding;                    // of NV12

  uint8_t* row(size_t plane, int y) const { return planes[plane] + y * strides[plane]; }
};

/// Bytes a pixel in the first plane.
inline int BytesPerPixel(PixelFormat format) {
  if (format == PixelFormat::kNv12) return 1;
  return format == PixelFormat::kBgrx ? 4 : 3;
}

/// The picture in BGR: itself where it is BGR, otherwise converted into `memory`. The view is valid
/// as long as both of them.
ImageView AsBgr(const Picture& picture, Image& memory);

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_PICTURE_H_
