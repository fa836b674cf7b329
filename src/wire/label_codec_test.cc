#include "wire/label_codec.h"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>
#include <random>

namespace shadowtutor::wire {
namespace {

LabelMap Scene(int width, int height) {
  LabelMap labels(width, height, 8);
  for (int y = height / 4; y < height / 2; ++y) {
    for (int x = y; x < width * 3 / 4; ++x) labels.at(x, y) = static_cast<uint8_t>(x % 3);
  }
  return labels;
}

ErrorCode RefusalOf(LabelCodec codec, std::span<const uint8_t> bytes, FrameSize declared) {
  try {
    LabelDecoder().Decode(codec, bytes, declared);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "decoded";
  return ErrorCode::kInternal;
}

TEST(LabelCodec, MapsComeBackExactly) {
  for (const LabelCodec codec : {LabelCodec::kPng, LabelCodec::kRle}) {
    for (const FrameSize size : {FrameSize{64, 48}, FrameSize{61, 47}, FrameSize{1, 1}}) {
      const LabelMap labels = Scene(size.width, size.height);
      const auto bytes = LabelEncoder(codec).Encode(labels);
      EXPECT_LE(bytes.size(), MaxLabelBytes(size));
      EXPECT_EQ(LabelDecoder().Decode(codec, bytes, size), labels);
    }
    EXPECT_THROW(LabelEncoder(codec).Encode(LabelMap()), Error);
  }
}

TEST(LabelCodec, RefusesAnotherSizeAndTruncations) {
  for (const LabelCodec codec : {LabelCodec::kPng, LabelCodec::kRle}) {
    const auto bytes = LabelEncoder(codec).Encode(Scene(32, 24));
    EXPECT_EQ(RefusalOf(codec, bytes, {32, 23}), ErrorCode::kDataLoss);
    EXPECT_EQ(RefusalOf(codec, bytes, {32, 25}), ErrorCode::kDataLoss);
    EXPECT_EQ(RefusalOf(codec, bytes, {0, 24}), ErrorCode::kInvalidArgument);
    EXPECT_EQ(RefusalOf(codec, bytes, {9000, 24}), ErrorCode::kResourceExhausted);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(RefusalOf(codec, std::span(bytes).first(size), {32, 24}), ErrorCode::kDataLoss);
    }
    const std::vector<uint8_t> long_one(MaxLabelBytes({32, 24}) + 1, 0);
    EXPECT_EQ(RefusalOf(codec, long_one, {32, 24}), ErrorCode::kDataLoss);
  }
}

TEST(LabelCodec, RefusesPicturesThatAreNoMaps) {
  std::vector<uint8_t> bytes;
  cv::imencode(".png", cv::Mat(24, 32, CV_8UC3, cv::Scalar(1, 2, 3)), bytes);
  EXPECT_EQ(RefusalOf(LabelCodec::kPng, bytes, {32, 24}), ErrorCode::kDataLoss);
  cv::imencode(".png", cv::Mat(24, 32, CV_16UC1, cv::Scalar(1)), bytes);
  EXPECT_EQ(RefusalOf(LabelCodec::kPng, bytes, {32, 24}), ErrorCode::kDataLoss);
  cv::imencode(".jpg", cv::Mat(24, 32, CV_8UC1, cv::Scalar(1)), bytes);
  EXPECT_EQ(RefusalOf(LabelCodec::kPng, bytes, {32, 24}), ErrorCode::kDataLoss);
}

TEST(LabelCodec, SurvivesDamage) {
  const auto bytes = LabelEncoder(LabelCodec::kPng).Encode(Scene(32, 24));
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    auto damaged = bytes;
    for (int flips = 0; flips < 3; ++flips) {
      damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    }
    try {
      EXPECT_EQ(LabelDecoder().Decode(LabelCodec::kPng, damaged, {32, 24}).size(),
                (FrameSize{32, 24}));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
    }
  }
}

}  // namespace
}  // namespace shadowtutor::wire
