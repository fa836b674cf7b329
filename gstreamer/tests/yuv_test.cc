#include "gstreamer/yuv.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace shadowtutor::gst {
namespace {

constexpr YuvCoding kAll[] = {YuvCoding::kBt601, YuvCoding::kBt601Full, YuvCoding::kBt709,
                              YuvCoding::kBt709Full};

TEST(Yuv, KnownColours) {
  // ITU-R BT.601 and BT.709, 8 bits.
  EXPECT_EQ(YuvOf({255, 0, 0}, YuvCoding::kBt601), (Yuv{81, 90, 240}));
  EXPECT_EQ(YuvOf({0, 0, 255}, YuvCoding::kBt601), (Yuv{41, 240, 110}));
  EXPECT_EQ(YuvOf({255, 0, 0}, YuvCoding::kBt709), (Yuv{63, 102, 240}));
  EXPECT_EQ(YuvOf({0, 255, 0}, YuvCoding::kBt709), (Yuv{173, 42, 26}));
  EXPECT_EQ(YuvOf({255, 255, 255}, YuvCoding::kBt601), (Yuv{235, 128, 128}));
  EXPECT_EQ(YuvOf({255, 255, 255}, YuvCoding::kBt709Full), (Yuv{255, 128, 128}));
  EXPECT_EQ(YuvToRgb(YuvCoding::kBt601)({16, 128, 128}), (Rgb{0, 0, 0}));
  EXPECT_EQ(YuvToRgb(YuvCoding::kBt601)({0, 128, 128}), (Rgb{0, 0, 0}));
  EXPECT_EQ(YuvToRgb(YuvCoding::kBt709)({255, 128, 128}), (Rgb{255, 255, 255}));
}

TEST(Yuv, ThereAndBackIsTheSameColour) {
  for (const YuvCoding coding : kAll) {
    const YuvToRgb back(coding);
    for (int r = 0; r < 256; r += 15) {
      for (int g = 0; g < 256; g += 15) {
        for (int b = 0; b < 256; b += 15) {
          const Rgb color{static_cast<uint8_t>(r), static_cast<uint8_t>(g),
                          static_cast<uint8_t>(b)};
          const Rgb again = back(YuvOf(color, coding));
          ASSERT_LE(std::abs(again.r - r), 3);
          ASSERT_LE(std::abs(again.g - g), 3);
          ASSERT_LE(std::abs(again.b - b), 3);
        }
      }
    }
  }
}

}  // namespace
}  // namespace shadowtutor::gst
