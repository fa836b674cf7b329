#include "wire/jpeg.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <opencv2/imgcodecs.hpp>
#include <random>

namespace shadowtutor::wire {
namespace {

Image Gradient(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = static_cast<uint8_t>(x * 255 / width);
      pixel[1] = static_cast<uint8_t>(y * 255 / height);
      pixel[2] = 128;
    }
  }
  return image;
}

std::string Refusal(std::span<const uint8_t> payload, FrameSize declared) {
  try {
    DecodeJpeg(payload, declared);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
    return error.what();
  }
  return "";
}

TEST(Jpeg, ComesBackNearlyAsItWas) {
  const Image image = Gradient(61, 47);
  const auto payload = EncodeJpeg(image);
  EXPECT_LT(payload.size(), image.bytes().size() / 2);
  const Image decoded = DecodeJpeg(payload, {61, 47});
  ASSERT_EQ(decoded.size(), image.size());
  for (size_t i = 0; i < image.bytes().size(); ++i) {
    EXPECT_LE(std::abs(decoded.bytes()[i] - image.bytes()[i]), 12) << i;
  }
}

TEST(Jpeg, TakesPaddedRowsAndLowerQuality) {
  const Image image = Gradient(64, 48);
  const ImageView inner(image.row(0), 32, 48, 64 * 3);
  EXPECT_EQ(EncodeJpeg(inner), EncodeJpeg(Image(inner)));
  EXPECT_LT(EncodeJpeg(image, 20).size(), EncodeJpeg(image, 95).size());
  EXPECT_THROW(EncodeJpeg(image, 0), Error);
  EXPECT_THROW(EncodeJpeg(image, 101), Error);
  EXPECT_THROW(EncodeJpeg(ImageView()), Error);
}

TEST(Jpeg, RefusesAnotherSizeThanDeclared) {
  const auto payload = EncodeJpeg(Gradient(64, 48));
  EXPECT_NE(Refusal(payload, {48, 64}), "");
  EXPECT_NE(Refusal(payload, {64, 47}), "");
  EXPECT_THROW(DecodeJpeg(payload, {0, 0}), Error);
  EXPECT_THROW(DecodeJpeg(payload, {100000, 100000}), Error);
}

TEST(Jpeg, RefusesAHeaderThatPromisesMoreThanItHolds) {
  auto payload = EncodeJpeg(Gradient(64, 48));
  for (size_t i = 2; i + 9 < payload.size(); ++i) {
    if (payload[i] == 0xff && payload[i + 1] == 0xc0) {
      payload[i + 5] = 0xff;  // height 65328
      break;
    }
  }
  EXPECT_NE(Refusal(payload, {64, 48}), "");
}

TEST(Jpeg, RefusesEveryTruncation) {
  const auto payload = EncodeJpeg(Gradient(32, 32));
  for (size_t bytes = 0; bytes < payload.size(); ++bytes) {
    EXPECT_NE(Refusal(std::span(payload).first(bytes), {32, 32}), "") << bytes;
  }
}

TEST(Jpeg, RefusesOtherFormats) {
  const Image image = Gradient(32, 32);
  const cv::Mat pixels(32, 32, CV_8UC3, const_cast<uint8_t*>(image.bytes().data()));
  std::vector<uint8_t> payload;
  cv::imencode(".png", pixels, payload);
  EXPECT_NE(Refusal(payload, {32, 32}), "");
  cv::imencode(".jpg", pixels, payload, {cv::IMWRITE_JPEG_PROGRESSIVE, 1});
  EXPECT_NE(Refusal(payload, {32, 32}).find("baseline"), std::string::npos);
}

// Any bytes give either a frame of the declared size or an Error.
TEST(Jpeg, SurvivesDamage) {
  const auto payload = EncodeJpeg(Gradient(32, 32));
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    auto damaged = payload;
    for (int flips = 0; flips < 3; ++flips) {
      damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    }
    try {
      EXPECT_EQ(DecodeJpeg(damaged, {32, 32}).size(), (FrameSize{32, 32}));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
    }
  }
}

}  // namespace
}  // namespace shadowtutor::wire
