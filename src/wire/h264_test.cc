#include "wire/h264.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>

namespace shadowtutor::wire {
namespace {

// A bright square that moves over a gradient.
Image Scene(int width, int height, int index) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = x >= index && x < index + width / 3 && y > height / 4 && y < height / 2;
      uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = static_cast<uint8_t>(inside ? 220 : x * 150 / width);
      pixel[1] = static_cast<uint8_t>(inside ? 200 : y * 150 / height);
      pixel[2] = static_cast<uint8_t>(inside ? 210 : 90);
    }
  }
  return image;
}

double MeanDifference(const Image& a, const Image& b) {
  EXPECT_EQ(a.size(), b.size());
  double sum = 0;
  for (size_t i = 0; i < a.bytes().size(); ++i) sum += std::abs(a.bytes()[i] - b.bytes()[i]);
  return sum / static_cast<double>(a.bytes().size());
}

std::string Refusal(H264Decoder& decoder, std::span<const uint8_t> unit, FrameSize declared) {
  try {
    decoder.Decode(unit, declared);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
    return error.what();
  }
  return "";
}

TEST(H264, EachFrameIsOneAccessUnitAndComesBackNearlyAsItWas) {
  for (const FrameSize size : {FrameSize{96, 64}, FrameSize{61, 47}, FrameSize{1, 1}}) {
    H264Encoder encoder(size, 18);
    H264Decoder decoder;
    for (int i = 0; i < 12; ++i) {
      const Image image = Scene(size.width, size.height, i);
      const auto unit = encoder.Encode(image);
      EXPECT_LE(unit.size(), MaxAccessUnitBytes(size));
      EXPECT_LT(MeanDifference(decoder.Decode(unit, size), image), 8) << size.width << " " << i;
    }
  }
}

TEST(H264, WhatStandsStillCostsLittleAndTheRateFactorCounts) {
  const FrameSize size{320, 240};
  const auto bytes = [&](int crf) {
    H264Encoder encoder(size, crf, 25);
    size_t sum = 0;
    for (int i = 0; i < 10; ++i)
      sum += encoder.Encode(Scene(size.width, size.height, 5 * i)).size();
    return sum;
  };
  EXPECT_LT(bytes(35), bytes(18));
  H264Encoder encoder(size);
  const Image image = Scene(320, 240, 0);
  const size_t first = encoder.Encode(image).size();
  EXPECT_LT(encoder.Encode(image).size(), first / 4);
}

TEST(H264, TheSameFramesGiveTheSameBytes) {
  H264Encoder a({64, 48}), b({64, 48});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(a.Encode(Scene(64, 48, i)), b.Encode(Scene(64, 48, i)));
  }
}

TEST(H264, TakesPaddedRows) {
  const Image image = Scene(64, 48, 3);
  const ImageView inner(image.row(0), 32, 48, 64 * 3);
  EXPECT_EQ(H264Encoder({32, 48}).Encode(inner), H264Encoder({32, 48}).Encode(Image(inner)));
}

TEST(H264, RefusesWhatItCannotEncode) {
  EXPECT_THROW(H264Encoder({0, 48}), Error);
  EXPECT_THROW(H264Encoder({100000, 48}), Error);
  EXPECT_THROW(H264Encoder({64, 48}, 52), Error);
  EXPECT_THROW(H264Encoder({64, 48}, -1), Error);
  H264Encoder encoder({64, 48});
  EXPECT_THROW(encoder.Encode(Scene(48, 64, 0)), Error);
  EXPECT_THROW(encoder.Encode(ImageView()), Error);
}

TEST(H264, BeginsAtKeyFramesOnlyAndGoesOnAtTheNextOne) {
  const FrameSize size{64, 48};
  H264Encoder encoder(size);
  encoder.Encode(Scene(64, 48, 0));
  const auto second = encoder.Encode(Scene(64, 48, 1));
  H264Decoder decoder;
  EXPECT_NE(Refusal(decoder, second, size), "");
  encoder.ForceKeyFrame();
  const Image third = Scene(64, 48, 2);
  EXPECT_LT(MeanDifference(decoder.Decode(encoder.Encode(third), size), third), 8);
}

TEST(H264, RefusesAnotherSizeThanDeclared) {
  const auto unit = H264Encoder({64, 48}).Encode(Scene(64, 48, 0));
  H264Decoder decoder;
  EXPECT_NE(Refusal(decoder, unit, {48, 64}), "");
  EXPECT_NE(Refusal(decoder, unit, {64, 46}), "");
  EXPECT_NE(Refusal(decoder, unit, {32, 16}), "");
  EXPECT_THROW(decoder.Decode(unit, {0, 0}), Error);
  EXPECT_THROW(decoder.Decode(unit, {100000, 100000}), Error);
  EXPECT_EQ(decoder.Decode(unit, {63, 47}).size(), (FrameSize{63, 47})) << "padding is cut off";
}

TEST(H264, AStreamMayChangeItsSize) {
  H264Decoder decoder;
  for (const FrameSize size : {FrameSize{64, 48}, FrameSize{96, 80}, FrameSize{64, 48}}) {
    const Image image = Scene(size.width, size.height, 1);
    EXPECT_LT(MeanDifference(decoder.Decode(H264Encoder(size).Encode(image), size), image), 8);
  }
}

TEST(H264, RefusesMoreThanOnePictureAndNone) {
  const FrameSize size{64, 48};
  H264Encoder encoder(size);
  const auto first = encoder.Encode(Scene(64, 48, 0));
  const auto second = encoder.Encode(Scene(64, 48, 1));
  auto both = first;
  both.insert(both.end(), second.begin(), second.end());
  H264Decoder decoder;
  EXPECT_NE(Refusal(decoder, both, size).find("2 pictures"), std::string::npos);
  EXPECT_NE(Refusal(decoder, {}, size), "");
  EXPECT_NE(Refusal(decoder, std::vector<uint8_t>(500, 0), size), "");
  EXPECT_NE(Refusal(decoder, std::vector<uint8_t>(MaxAccessUnitBytes(size) + 1, 7), size), "");
}

// Slices that begin at a later macroblock start no new picture, so there is a bound on the number
// of slices as well.
TEST(H264, RefusesSlicesWithoutNumber) {
  auto unit = H264Encoder({64, 48}).Encode(Scene(64, 48, 0));
  for (int i = 0; i < H264Decoder::kMaxSlices; ++i) {
    for (const uint8_t byte : {0, 0, 1, 0x65, 0x40, 0x10, 0x10}) unit.push_back(byte);
  }
  H264Decoder decoder;
  EXPECT_NE(Refusal(decoder, unit, {64, 48}).find("slices"), std::string::npos);
}

// Any bytes give either a frame of the declared size or an Error.
TEST(H264, SurvivesDamageAndTruncation) {
  const FrameSize size{64, 48};
  H264Encoder encoder(size);
  std::vector<std::vector<uint8_t>> units;
  units.reserve(4);
  for (int i = 0; i < 4; ++i) units.push_back(encoder.Encode(Scene(64, 48, 4 * i)));
  std::mt19937 random(7);
  H264Decoder decoder;
  int decoded = 0, refused = 0;
  for (int round = 0; round < 1500; ++round) {
    auto unit = units[random() % units.size()];
    const int flips = static_cast<int>(random() % 4);
    for (int i = 0; i < flips; ++i) unit[random() % unit.size()] = static_cast<uint8_t>(random());
    if (random() % 4 == 0) unit.resize(random() % unit.size());
    try {
      EXPECT_EQ(decoder.Decode(unit, size).size(), size);
      ++decoded;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
      ++refused;
    }
  }
  EXPECT_GT(decoded, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace shadowtutor::wire
