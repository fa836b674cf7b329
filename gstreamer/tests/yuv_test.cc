#include "gstreamer/yuv.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ostream>

namespace shadowtutor::gst {

void PrintTo(const Yuv& yuv, std::ostream* out) {
  *out << int{yuv.y} << " " << int{yuv.u} << " " << int{yuv.v};
}

namespace {

// The standards' equations, computed with fractions and rounded once.
struct Known {
  YuvCoding coding;
  Yuv red, green, blue, mixed;  // mixed: of {200, 100, 50}
  Rgb back;                     // of {100, 90, 180}
};

constexpr Known kKnown[] = {
    {{YuvMatrix::kBt601, false},
     {81, 90, 240},
     {145, 54, 34},
     {41, 240, 110},
     {123, 91, 175},
     {181, 70, 21}},
    {{YuvMatrix::kBt601, true},
     {76, 85, 255},
     {150, 44, 21},
     {29, 255, 107},
     {124, 86, 182},
     {173, 76, 33}},
    {{YuvMatrix::kBt709, false},
     {63, 102, 240},
     {173, 42, 26},
     {32, 240, 118},
     {117, 96, 174},
     {191, 78, 18}},
    {{YuvMatrix::kBt709, true},
     {54, 99, 255},
     {182, 30, 12},
     {18, 255, 116},
     {118, 92, 180},
     {182, 83, 29}},
    {{YuvMatrix::kBt2020, false},
     {74, 97, 240},
     {164, 47, 25},
     {29, 240, 119},
     {122, 94, 174},
     {185, 71, 16}},
    {{YuvMatrix::kBt2020, true},
     {67, 92, 255},
     {173, 36, 11},
     {15, 255, 118},
     {123, 89, 180},
     {177, 77, 29}},
    {{YuvMatrix::kSmpte240m, false},
     {62, 102, 240},
     {170, 42, 28},
     {35, 240, 116},
     {116, 96, 174},
     {191, 79, 19}},
    {{YuvMatrix::kSmpte240m, true},
     {54, 98, 255},
     {179, 30, 15},
     {22, 255, 114},
     {117, 91, 181},
     {182, 84, 31}},
    {{YuvMatrix::kFcc, false},
     {82, 90, 240},
     {145, 54, 34},
     {40, 240, 110},
     {123, 91, 175},
     {181, 70, 21}},
    {{YuvMatrix::kFcc, true},
     {77, 85, 255},
     {150, 43, 21},
     {28, 255, 108},
     {125, 86, 182},
     {173, 76, 32}},
};

TEST(Yuv, KnownColours) {
  for (const Known& known : kKnown) {
    SCOPED_TRACE(testing::Message() << int(known.coding.matrix) << " " << known.coding.full);
    EXPECT_EQ(YuvOf({255, 0, 0}, known.coding), known.red);
    EXPECT_EQ(YuvOf({0, 255, 0}, known.coding), known.green);
    EXPECT_EQ(YuvOf({0, 0, 255}, known.coding), known.blue);
    EXPECT_EQ(YuvOf({200, 100, 50}, known.coding), known.mixed);
    const uint8_t white = known.coding.full ? 255 : 235, black = known.coding.full ? 0 : 16;
    EXPECT_EQ(YuvOf({255, 255, 255}, known.coding), (Yuv{white, 128, 128}));
    EXPECT_EQ(YuvOf({0, 0, 0}, known.coding), (Yuv{black, 128, 128}));
    const YuvToRgb back(known.coding);
    EXPECT_EQ(back({100, 90, 180}), known.back);
    EXPECT_EQ(back({255, 128, 128}), (Rgb{255, 255, 255}));  // and what is beyond white
    EXPECT_EQ(back({0, 128, 128}), (Rgb{0, 0, 0}));
  }
}

TEST(Yuv, ThereAndBackIsTheSameColour) {
  for (const Known& known : kKnown) {
    const YuvToRgb back(known.coding);
    for (int r = 0; r < 256; r += 15) {
      for (int g = 0; g < 256; g += 15) {
        for (int b = 0; b < 256; b += 15) {
          const Rgb color{static_cast<uint8_t>(r), static_cast<uint8_t>(g),
                          static_cast<uint8_t>(b)};
          const Rgb again = back(YuvOf(color, known.coding));
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
