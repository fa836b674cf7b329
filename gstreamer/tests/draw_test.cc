#include "gstreamer/draw.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "gstreamer/tests/owned_picture.h"

namespace shadowtutor::gst {
namespace {

constexpr FrameSize kSize{5, 3};
constexpr PixelFormat kPacked[] = {PixelFormat::kBgr, PixelFormat::kRgb, PixelFormat::kBgrx};
const ClassList kClasses = {{"ground", {}}, {"cat", {255, 0, 0}}, {"dog", {0, 0, 250}}};

// Column 1 is a cat, column 2 a dog, all else ground.
LabelMap Columns() {
  LabelMap labels(kSize.width, kSize.height);
  for (int y = 0; y < kSize.height; ++y) {
    labels.at(1, y) = 1;
    labels.at(2, y) = 2;
  }
  return labels;
}

Rgb Grey(int, int) { return {100, 100, 100}; }

void ExpectGaps(const OwnedPicture& owned) {
  const Picture& picture = owned.get();
  for (int y = 0; y < picture.size.height; ++y) {
    const uint8_t* end =
        picture.row(0, y) + ptrdiff_t{picture.size.width} * BytesPerPixel(picture.format);
    EXPECT_EQ(*end, kGap);
  }
}

TEST(Paint, OverlayIsHalfOfTheColourAndLeavesTheBackground) {
  for (const PixelFormat format : kPacked) {
    const OwnedPicture owned(format, kSize, Grey);
    Paint(owned.get(), Columns(), OverlayInks(kClasses, 0, 0.5));
    for (int y = 0; y < kSize.height; ++y) {
      EXPECT_EQ(owned.color(0, y), (Rgb{100, 100, 100}));
      EXPECT_EQ(owned.color(1, y), (Rgb{178, 50, 50})) << int(format);
      EXPECT_EQ(owned.color(2, y), (Rgb{50, 50, 175}));
      EXPECT_EQ(owned.color(4, y), (Rgb{100, 100, 100}));
    }
    ExpectGaps(owned);
  }
  const OwnedPicture padded(PixelFormat::kBgrx, kSize, Grey);
  Paint(padded.get(), Columns(), OverlayInks(kClasses, 0, 1));
  EXPECT_EQ(padded.at(0, 1, 1)[3], kGap);
}

TEST(Paint, WithoutABackgroundAllClassesHaveInk) {
  const Inks inks = OverlayInks(kClasses, -1, 1);
  EXPECT_EQ(inks[0].alpha, 255);
  EXPECT_EQ(inks[2].alpha, 255);
  EXPECT_EQ(inks[3].alpha, 0);
  for (const Ink& ink : BackgroundInks(-1, {255, {1, 2, 3}})) EXPECT_EQ(ink.alpha, 0);
}

TEST(Paint, ReplacesTheBackgroundAlone) {
  for (const PixelFormat format : kPacked) {
    const OwnedPicture owned(format, kSize, Grey);
    Paint(owned.get(), Columns(), BackgroundInks(0, {255, {10, 20, 30}}));
    EXPECT_EQ(owned.color(0, 1), (Rgb{10, 20, 30}));
    EXPECT_EQ(owned.color(3, 2), (Rgb{10, 20, 30}));
    EXPECT_EQ(owned.color(1, 0), (Rgb{100, 100, 100}));
    EXPECT_EQ(owned.color(2, 2), (Rgb{100, 100, 100}));
  }
}

TEST(Paint, InNv12LumaIsExactAndChromaGoesByShares) {
  const OwnedPicture owned(PixelFormat::kNv12, kSize, Grey);
  const uint8_t grey = YuvOf({100, 100, 100}, {}).y;
  const Yuv red = YuvOf({255, 0, 0}, {}), blue = YuvOf({0, 0, 250}, {});
  Paint(owned.get(), Columns(), OverlayInks(kClasses, 0, 1));
  for (int y = 0; y < kSize.height; ++y) {
    EXPECT_EQ(*owned.at(0, 0, y), grey);
    EXPECT_EQ(*owned.at(0, 1, y), red.y);
    EXPECT_EQ(*owned.at(0, 2, y), blue.y);
    EXPECT_EQ(*owned.at(0, 4, y), grey);
  }
  for (int y = 0; y < 2; ++y) {
    // Each of the first two pairs has one column of a class, and one of ground.
    EXPECT_NEAR(owned.at(1, 0, y)[0], (128 + red.u) / 2, 1);
    EXPECT_NEAR(owned.at(1, 0, y)[1], (128 + red.v) / 2, 1);
    EXPECT_NEAR(owned.at(1, 1, y)[0], (128 + blue.u) / 2, 1);
    // The last one is ground alone.
    EXPECT_EQ(owned.at(1, 2, y)[0], 128);
    EXPECT_EQ(owned.at(1, 2, y)[1], 128);
  }
  ExpectGaps(owned);
}

TEST(Paint, InNv12AColourIsThatColour) {
  for (const YuvCoding coding : {YuvCoding{}, YuvCoding{YuvMatrix::kBt709, true}}) {
    const OwnedPicture owned(PixelFormat::kNv12, kSize, Grey, coding);
    Paint(owned.get(), LabelMap(kSize.width, kSize.height), BackgroundInks(0, {255, {0, 177, 64}}));
    for (int y = 0; y < kSize.height; ++y) {
      for (int x = 0; x < kSize.width; ++x) {
        const Rgb color = owned.color(x, y);
        EXPECT_NEAR(color.r, 0, 3);
        EXPECT_NEAR(color.g, 177, 3);
        EXPECT_NEAR(color.b, 64, 3);
      }
    }
  }
}

TEST(CutOut, IsTransparentWhereTheBackgroundIs) {
  const OwnedPicture owned(PixelFormat::kBgr, kSize, [](int x, int y) {
    return Rgb{static_cast<uint8_t>(x), static_cast<uint8_t>(y), 9};
  });
  Image memory;
  const ImageView frame = AsBgr(owned.get(), memory);
  const LabelMap labels = Columns();
  const ptrdiff_t stride = 4 * kSize.width + 3;
  std::vector<uint8_t> out(static_cast<size_t>(stride * kSize.height), kGap);
  for (const LabelMap* given : {&labels, static_cast<const LabelMap*>(nullptr)}) {
    CutOut(frame, given, 0, out.data(), stride);
    for (int y = 0; y < kSize.height; ++y) {
      const uint8_t* pixel = out.data() + y * stride;
      for (int x = 0; x < kSize.width; ++x, pixel += 4) {
        EXPECT_EQ(pixel[0], 9);
        EXPECT_EQ(pixel[1], y);
        EXPECT_EQ(pixel[2], x);
        EXPECT_EQ(pixel[3], given && x != 1 && x != 2 ? 0 : 255);
      }
      EXPECT_EQ(*pixel, kGap);
    }
  }
}

TEST(WriteLabels, AreTheLabelsOrZeros) {
  const LabelMap labels = Columns();
  std::vector<uint8_t> out(7 * 3, kGap);
  WriteLabels(&labels, kSize, out.data(), 7);
  EXPECT_EQ(out, (std::vector<uint8_t>{0, 1, 2, 0, 0, kGap, kGap,  //
                                       0, 1, 2, 0, 0, kGap, kGap,  //
                                       0, 1, 2, 0, 0, kGap, kGap}));
  WriteLabels(nullptr, kSize, out.data(), 7);
  EXPECT_EQ(out[1], 0);
  EXPECT_EQ(out[5], kGap);
}

}  // namespace
}  // namespace shadowtutor::gst
