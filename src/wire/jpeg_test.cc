#include "wire/jpeg.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <opencv2/imgcodecs.hpp>
#include <random>

#include "wire/testing/moving_scene.h"

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

cv::Mat View(const Image& image) {
  return {image.height(), image.width(), CV_8UC3, const_cast<uint8_t*>(image.bytes().data())};
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
  std::vector<uint8_t> payload;
  cv::imencode(".png", View(image), payload);
  EXPECT_NE(Refusal(payload, {32, 32}), "");
  cv::imencode(".jpg", View(image), payload, {cv::IMWRITE_JPEG_PROGRESSIVE, 1});
  EXPECT_NE(Refusal(payload, {32, 32}).find("baseline"), std::string::npos);
}

// Finds a marker, whose second byte is this.
size_t Find(const std::vector<uint8_t>& payload, uint8_t marker) {
  const std::vector<uint8_t> bytes = {0xff, marker};
  return static_cast<size_t>(
      std::search(payload.begin(), payload.end(), bytes.begin(), bytes.end()) - payload.begin());
}

// Of one scan only, the number of pixels bounds the time.
TEST(Jpeg, RefusesSeveralScans) {
  auto payload = EncodeJpeg(Gradient(32, 32));
  const size_t scan = Find(payload, 0xda);
  ASSERT_EQ(payload.at(scan + 4), 3) << "the scan has three components";
  // The same with a scan of the first component alone.
  payload.erase(payload.begin() + static_cast<std::ptrdiff_t>(scan) + 7,
                payload.begin() + static_cast<std::ptrdiff_t>(scan) + 11);
  payload[scan + 3] = 8;
  payload[scan + 4] = 1;
  EXPECT_NE(Refusal(payload, {32, 32}).find("several scans"), std::string::npos)
      << Refusal(payload, {32, 32});
}

// libjpeg only warns of both, and makes pixels up.
TEST(Jpeg, RefusesPixelsThatAreMissingOrDamaged) {
  const auto whole = EncodeJpeg(MovingScene({160, 120}, 0));
  const size_t scan = Find(whole, 0xda);
  auto missing = whole;
  missing.resize(scan + (whole.size() - scan) / 2);
  missing.insert(missing.end(), {0xff, 0xd9});
  EXPECT_NE(Refusal(missing, {160, 120}).find("premature end"), std::string::npos)
      << Refusal(missing, {160, 120});
  auto damaged = whole;
  damaged.insert(damaged.end() - 2, 100, 0x12);
  EXPECT_NE(Refusal(damaged, {160, 120}).find("extraneous"), std::string::npos)
      << Refusal(damaged, {160, 120});
}

double Psnr(const Image& a, const cv::Mat& b) { return cv::PSNR(View(a), b); }

// The same quality and the same resolution of colour, whatever the bytes.
TEST(Jpeg, CostsAndShowsWhatOpenCvsDoes) {
  for (const int quality : {30, 75, 90, 100}) {
    for (const FrameSize size : {FrameSize{320, 240}, FrameSize{161, 91}}) {
      const Image image = MovingScene(size, 5);
      const auto ours = EncodeJpeg(image, quality);
      std::vector<uint8_t> theirs;
      ASSERT_TRUE(cv::imencode(".jpg", View(image), theirs, {cv::IMWRITE_JPEG_QUALITY, quality}));
      EXPECT_NEAR(static_cast<double>(ours.size()) / static_cast<double>(theirs.size()), 1, 0.02);
      const auto factors = [](const std::vector<uint8_t>& jpeg) {
        const size_t header = Find(jpeg, 0xc0);  // then length, depth, size, and three bytes for
        return std::array{jpeg.at(header + 11), jpeg.at(header + 14),
                          jpeg.at(header + 17)};  // each
      };
      EXPECT_EQ(factors(ours), (std::array<uint8_t, 3>{0x22, 0x11, 0x11}));
      EXPECT_EQ(factors(ours), factors(theirs));
      EXPECT_NEAR(Psnr(image, cv::imdecode(ours, cv::IMREAD_COLOR)),
                  Psnr(image, cv::imdecode(theirs, cv::IMREAD_COLOR)), 0.1);
      // Each decodes what the other has encoded.
      const Image decoded = DecodeJpeg(theirs, size);
      EXPECT_LE(cv::norm(View(decoded), cv::imdecode(theirs, cv::IMREAD_COLOR), cv::NORM_INF), 2);
    }
  }
}

TEST(Jpeg, DecodesGrey) {
  const Image image = Gradient(40, 24);
  cv::Mat grey;
  cv::extractChannel(View(image), grey, 0);
  std::vector<uint8_t> payload;
  ASSERT_TRUE(cv::imencode(".jpg", grey, payload));
  const Image decoded = DecodeJpeg(payload, {40, 24});
  for (size_t i = 0; i < decoded.bytes().size(); i += 3) {
    EXPECT_EQ(decoded.bytes()[i], decoded.bytes()[i + 1]);
    EXPECT_EQ(decoded.bytes()[i], decoded.bytes()[i + 2]);
    EXPECT_LE(std::abs(decoded.bytes()[i] - image.bytes()[i]), 12);
  }
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
