#include "gstreamer/picture.h"

#include <gtest/gtest.h>

#include "gstreamer/tests/owned_picture.h"

namespace shadowtutor::gst {
namespace {

constexpr FrameSize kSize{5, 3};  // odd: the last pair of chroma has one column and one row

Rgb Slope(int x, int y) {
  return {static_cast<uint8_t>(40 * x), static_cast<uint8_t>(80 * y), 200};
}

TEST(AsBgr, PackedFormatsAreExact) {
  for (const PixelFormat format : {PixelFormat::kBgr, PixelFormat::kRgb, PixelFormat::kBgrx}) {
    const OwnedPicture owned(format, kSize, Slope);
    Image memory;
    const ImageView view = AsBgr(owned.get(), memory);
    ASSERT_EQ(view.size(), kSize);
    for (int y = 0; y < kSize.height; ++y) {
      for (int x = 0; x < kSize.width; ++x) {
        const uint8_t* bgr = view.row(y) + 3 * x;
        EXPECT_EQ((Rgb{bgr[2], bgr[1], bgr[0]}), Slope(x, y)) << int(format);
      }
    }
    EXPECT_EQ(memory.empty(), format == PixelFormat::kBgr);  // which is not copied
  }
}

TEST(AsBgr, Nv12TakesAPairOfChromaForFourPixels) {
  const OwnedPicture owned(PixelFormat::kNv12, kSize, [](int, int) { return Rgb{}; });
  for (int y = 0; y < kSize.height; ++y) {
    for (int x = 0; x < kSize.width; ++x) *owned.at(0, x, y) = 81;
  }
  // Red in the last pair, which has one pixel.
  owned.at(1, 2, 1)[0] = 90;
  owned.at(1, 2, 1)[1] = 240;
  for (int y = 0; y < kSize.height; ++y) {
    for (int x = 0; x < kSize.width; ++x) {
      const Rgb color = owned.color(x, y);
      if (x == 4 && y == 2) {
        EXPECT_GE(color.r, 253);
        EXPECT_LE(color.g, 2);
        EXPECT_LE(color.b, 2);
      } else {
        EXPECT_EQ(color, (Rgb{76, 76, 76}));
      }
    }
  }
}

TEST(AsBgr, TheSizeMayChange) {
  Image memory;
  for (const FrameSize size : {FrameSize{4, 4}, FrameSize{8, 2}, FrameSize{2, 8}}) {
    const OwnedPicture owned(PixelFormat::kRgb, size, [](int, int) { return Rgb{1, 2, 3}; });
    const ImageView view = AsBgr(owned.get(), memory);
    EXPECT_EQ(view.size(), size);
    EXPECT_EQ(view.row(size.height - 1)[3 * size.width - 3], 3);
  }
}

}  // namespace
}  // namespace shadowtutor::gst
