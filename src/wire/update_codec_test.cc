#include "wire/update_codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/bit_cast.h"
#include "core/half.h"
#include "core/testing/code_of.h"
#include "shadowtutor/types.h"

namespace shadowtutor::wire {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> Weights(uint32_t seed, size_t count = 1001) {
  std::mt19937 random(seed);
  std::vector<float> weights(count);
  for (float& weight : weights) {
    weight = (static_cast<float>(random()) / 4294967296.0f - 0.5f) * 2.0f;
  }
  return weights;
}

std::vector<uint32_t> Bits(std::span<const float> weights) {
  std::vector<uint32_t> bits;
  for (const float weight : weights) bits.push_back(BitCast<uint32_t>(weight));
  return bits;
}

TEST(UpdateCodec, Fp32CarriesTheTargetItself) {
  const auto base = Weights(1);
  auto target = Weights(2);
  target[0] = -0.0f;
  target[1] = std::numeric_limits<float>::denorm_min();
  const auto payload = EncodeUpdate(UpdateCodec::kFp32, base, target);
  EXPECT_EQ(payload.size(), UpdateBytes(UpdateCodec::kFp32, base.size()));
  EXPECT_EQ(Bits(DecodeUpdate(UpdateCodec::kFp32, base, payload)), Bits(target));
}

TEST(UpdateCodec, PayloadsAreLittleEndian) {
  const float base[] = {0.0f};
  const float target[] = {1.0f};
  EXPECT_EQ(EncodeUpdate(UpdateCodec::kFp32, base, target),
            (std::vector<uint8_t>{0x00, 0x00, 0x80, 0x3f}));
  EXPECT_EQ(EncodeUpdate(UpdateCodec::kFp16, base, target), (std::vector<uint8_t>{0x00, 0x3c}));
}

TEST(UpdateCodec, Fp16CarriesTheDifferenceInHalfPrecision) {
  const auto base = Weights(1);
  const auto target = Weights(2);
  const auto payload = EncodeUpdate(UpdateCodec::kFp16, base, target);
  EXPECT_EQ(payload.size(), base.size() * 2);
  const auto decoded = DecodeUpdate(UpdateCodec::kFp16, base, payload);
  for (size_t i = 0; i < base.size(); ++i) {
    EXPECT_EQ(decoded[i], base[i] + FloatFromHalf(HalfFromFloat(target[i] - base[i])));
    EXPECT_NEAR(decoded[i], target[i], 0x1p-10);
  }
}

TEST(UpdateCodec, WhatFp16RoundsOffComesWithTheNextUpdate) {
  const auto target = Weights(2);
  auto held = Weights(1);
  for (int update = 0; update < 3; ++update) {
    held = DecodeUpdate(UpdateCodec::kFp16, held, EncodeUpdate(UpdateCodec::kFp16, held, target));
  }
  for (size_t i = 0; i < held.size(); ++i) EXPECT_NEAR(held[i], target[i], 0x1p-23) << i;
}

TEST(UpdateCodec, Fp16SaturatesAndStaysFinite) {
  const float most = std::numeric_limits<float>::max();
  const std::vector<float> base = {0, 0, most, -most};
  const std::vector<float> target = {1e6f, -1e6f, -most, most};
  const auto decoded =
      DecodeUpdate(UpdateCodec::kFp16, base, EncodeUpdate(UpdateCodec::kFp16, base, target));
  EXPECT_EQ(decoded, (std::vector<float>{65504, -65504, most, -most}));
}

TEST(UpdateCodec, RefusesToEncodeWhatIsNoUpdate) {
  const std::vector<float> good(3, 1.0f), bad = {1.0f, kNan, 1.0f};
  for (const UpdateCodec codec : {UpdateCodec::kFp32, UpdateCodec::kFp16}) {
    EXPECT_EQ(CodeOf([&] { EncodeUpdate(codec, good, bad); }), ErrorCode::kInvalidArgument);
    EXPECT_EQ(CodeOf([&] { EncodeUpdate(codec, good, std::span(good).first(2)); }),
              ErrorCode::kInvalidArgument);
  }
}

TEST(UpdateCodec, RefusesPayloadsOfEveryOtherSize) {
  const auto base = Weights(1, 16);
  for (const UpdateCodec codec : {UpdateCodec::kFp32, UpdateCodec::kFp16}) {
    for (size_t bytes = 0; bytes < 100; ++bytes) {
      if (bytes == UpdateBytes(codec, base.size())) continue;
      const std::vector<uint8_t> payload(bytes);
      EXPECT_EQ(CodeOf([&] { DecodeUpdate(codec, base, payload); }), ErrorCode::kDataLoss);
    }
  }
}

TEST(UpdateCodec, RefusesPayloadsThatMakeNansAndInfinities) {
  const std::vector<float> base = {1, std::numeric_limits<float>::max()};
  for (const float poison : {kNan, kInfinity, -kInfinity}) {
    auto payload = EncodeUpdate(UpdateCodec::kFp32, base, base);
    const auto bits = BitCast<uint32_t>(poison);
    for (int i = 0; i < 4; ++i) payload[i] = static_cast<uint8_t>(bits >> (8 * i));
    EXPECT_EQ(CodeOf([&] { DecodeUpdate(UpdateCodec::kFp32, base, payload); }),
              ErrorCode::kDataLoss);
  }
  for (const uint16_t poison : {0x7c00, 0xfc00, 0x7e01}) {
    auto payload = EncodeUpdate(UpdateCodec::kFp16, base, base);
    payload[0] = static_cast<uint8_t>(poison);
    payload[1] = static_cast<uint8_t>(poison >> 8);
    EXPECT_EQ(CodeOf([&] { DecodeUpdate(UpdateCodec::kFp16, base, payload); }),
              ErrorCode::kDataLoss);
  }
}

TEST(UpdateCodec, RefusesCodecsThatItDoesNotKnow) {
  const std::vector<float> base(3);
  const auto unknown = static_cast<UpdateCodec>(17);
  EXPECT_EQ(CodeOf([&] { EncodeUpdate(unknown, base, base); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { DecodeUpdate(unknown, base, {}); }), ErrorCode::kInvalidArgument);
}

TEST(WeightChecksum, SeesASingleBit) {
  auto weights = Weights(1);
  const uint64_t before = WeightChecksum(weights);
  weights.back() = std::nextafter(weights.back(), kInfinity);
  EXPECT_NE(before, WeightChecksum(weights));
}

}  // namespace
}  // namespace shadowtutor::wire
