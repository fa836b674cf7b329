#include "gstreamer/blur.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "gstreamer/tests/owned_picture.h"

namespace shadowtutor::gst {
namespace {

constexpr FrameSize kSize{23, 17};
constexpr PixelFormat kPacked[] = {PixelFormat::kBgr, PixelFormat::kRgb, PixelFormat::kBgrx};

Rgb Noise(int x, int y) {
  const auto value = static_cast<uint32_t>(x * 7919 + y * 104729 + x * y * 31);
  return {static_cast<uint8_t>(value), static_cast<uint8_t>(value >> 3),
          static_cast<uint8_t>(value * 13)};
}

// A foreground in the middle, white and exactly as bright everywhere.
bool Inside(int x, int y) { return x > 6 && x < 15 && y > 4 && y < 12; }

LabelMap Labels() {
  LabelMap labels(kSize.width, kSize.height);
  for (int y = 0; y < kSize.height; ++y) {
    for (int x = 0; x < kSize.width; ++x) labels.at(x, y) = Inside(x, y) ? 1 : 0;
  }
  return labels;
}

// The same by its definition: the mean of the background's pixels in the square, twice.
void PlainPass(std::vector<double>& values, int radius) {
  const std::vector<double> before = values;
  for (int y = 0; y < kSize.height; ++y) {
    for (int x = 0; x < kSize.width; ++x) {
      if (Inside(x, y)) continue;
      double sum = 0;
      int count = 0;
      for (int v = std::max(0, y - radius); v <= std::min(kSize.height - 1, y + radius); ++v) {
        for (int u = std::max(0, x - radius); u <= std::min(kSize.width - 1, x + radius); ++u) {
          if (Inside(u, v)) continue;
          sum += before[static_cast<size_t>(v * kSize.width + u)];
          ++count;
        }
      }
      values[static_cast<size_t>(y * kSize.width + x)] = std::floor(sum / count + 0.5);
    }
  }
}

TEST(BackgroundBlur, IsTheMeanOfTheBackgroundTwice) {
  for (const int radius : {1, 3, 30}) {
    std::vector<double> green;
    for (int y = 0; y < kSize.height; ++y) {
      for (int x = 0; x < kSize.width; ++x) green.push_back(Noise(x, y).g);
    }
    PlainPass(green, radius);
    PlainPass(green, radius);
    for (const PixelFormat format : kPacked) {
      const OwnedPicture owned(format, kSize, Noise);
      BackgroundBlur blur;
      blur.Apply(owned.get(), Labels(), 0, radius);
      for (int y = 0; y < kSize.height; ++y) {
        for (int x = 0; x < kSize.width; ++x) {
          if (Inside(x, y)) {
            ASSERT_EQ(owned.color(x, y), Noise(x, y));
          } else {
            ASSERT_NEAR(owned.color(x, y).g, green[static_cast<size_t>(y * kSize.width + x)], 1)
                << radius << " " << x << " " << y;
          }
        }
      }
    }
  }
}

TEST(BackgroundBlur, NothingOfTheForegroundBleedsIntoIt) {
  const auto scene = [](int x, int y) { return Inside(x, y) ? Rgb{255, 255, 255} : Rgb{9, 9, 9}; };
  for (const PixelFormat format :
       {PixelFormat::kBgr, PixelFormat::kRgb, PixelFormat::kBgrx, PixelFormat::kNv12}) {
    const OwnedPicture owned(format, kSize, scene);
    const std::vector<uint8_t> before = owned.bytes();
    BackgroundBlur blur;
    blur.Apply(owned.get(), Labels(), 0, 5);
    EXPECT_EQ(owned.bytes(), before) << int(format);  // both are uniform
  }
}

TEST(BackgroundBlur, InNv12BothPlanesAreBlurred) {
  const OwnedPicture owned(PixelFormat::kNv12, kSize, [](int x, int) {
    return x / 2 % 2 ? Rgb{255, 0, 0} : Rgb{0, 0, 255};
  });
  const Yuv red = YuvOf({255, 0, 0}, {}), blue = YuvOf({0, 0, 255}, {});
  BackgroundBlur blur;
  blur.Apply(owned.get(), LabelMap(kSize.width, kSize.height), 0, 8);
  for (int y = 0; y < kSize.height; ++y) {
    for (int x = 0; x < kSize.width; ++x) {
      EXPECT_NEAR(*owned.at(0, x, y), (red.y + blue.y) / 2, 8);
      EXPECT_NEAR(owned.at(1, x / 2, y / 2)[0], (red.u + blue.u) / 2, 25);
    }
  }
}

TEST(BackgroundBlur, WithoutABackgroundNothingChanges) {
  const OwnedPicture owned(PixelFormat::kBgr, kSize, Noise);
  const std::vector<uint8_t> before = owned.bytes();
  BackgroundBlur blur;
  blur.Apply(owned.get(), Labels(), -1, 5);
  EXPECT_EQ(owned.bytes(), before);
}

}  // namespace
}  // namespace shadowtutor::gst
