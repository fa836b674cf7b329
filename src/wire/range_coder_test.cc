#include "wire/range_coder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace shadowtutor::wire {
namespace {

// Decisions with the given chance of a 1, some of them in groups of equally likely bits.
struct Decisions {
  std::vector<uint32_t> values;
  bool Grouped(size_t i) const { return i % 5 == 4; }

  std::vector<uint8_t> Encoded() const {
    RangeEncoder encoder;
    AdaptiveBit contexts[3];
    for (size_t i = 0; i < values.size(); ++i) {
      if (Grouped(i)) {
        encoder.EncodeEqual(values[i], 10);
      } else {
        encoder.Encode(contexts[i % 3], values[i] != 0);
      }
    }
    return encoder.Finish();
  }
};

Decisions Random(std::mt19937& random, size_t count, double chance) {
  Decisions decisions;
  for (size_t i = 0; i < count; ++i) {
    const bool one = random() < chance * 4294967296.0;
    decisions.values.push_back(decisions.Grouped(i) ? static_cast<uint32_t>(random() % 1024) : one);
  }
  return decisions;
}

TEST(RangeCoder, DecodesWhatWasEncodedAndNothingElse) {
  std::mt19937 random(1);
  for (const double chance : {0.0, 0.0005, 0.03, 0.5, 0.9, 0.9995, 1.0}) {
    for (size_t count = 0; count < 400; ++count) {
      const Decisions decisions = Random(random, count, chance);
      const std::vector<uint8_t> bytes = decisions.Encoded();
      RangeDecoder decoder(bytes);
      AdaptiveBit contexts[3];
      for (size_t i = 0; i < count; ++i) {
        const uint32_t value =
            decisions.Grouped(i) ? decoder.DecodeEqual(10) : decoder.Decode(contexts[i % 3]);
        ASSERT_EQ(value, decisions.values[i]) << "decision " << i << " of " << count;
      }
      EXPECT_TRUE(decoder.EndsWell());
    }
  }
}

TEST(RangeCoder, ComesCloseToTheEntropy) {
  std::mt19937 random(2);
  RangeEncoder encoder;
  AdaptiveBit context;
  constexpr int kCount = 200'000;
  for (int i = 0; i < kCount; ++i) encoder.Encode(context, random() % 100 < 3);
  const double entropy = -(0.03 * std::log2(0.03) + 0.97 * std::log2(0.97)) * kCount / 8;
  EXPECT_LT(static_cast<double>(encoder.Finish().size()), entropy * 1.06);
}

TEST(RangeCoder, DecisionsThatNeverChangeCostNextToNothing) {
  for (const bool bit : {false, true}) {
    RangeEncoder encoder;
    AdaptiveBit context;
    for (int i = 0; i < 100'000; ++i) encoder.Encode(context, bit);
    EXPECT_LT(encoder.Finish().size(), 60u);
  }
}

// The format is part of the protocol, so these bytes must never change.
TEST(RangeCoder, BytesAreFixed) {
  std::mt19937 random(3);
  const std::vector<uint8_t> bytes = Random(random, 40, 0.2).Encoded();
  EXPECT_EQ(bytes, (std::vector<uint8_t>{0xbe, 0xb7, 0xa5, 0xb3, 0x9c, 0x50, 0x13, 0x17, 0xaa, 0xe0,
                                         0x60, 0x5d, 0x5b, 0x6b, 0x4b}));
}

TEST(RangeCoder, NoticesThatBytesAreMissing) {
  std::mt19937 random(4);
  std::vector<uint8_t> bytes = Random(random, 1000, 0.5).Encoded();
  bytes.resize(bytes.size() / 2);
  RangeDecoder decoder(bytes);
  for (int i = 0; i < 1000; ++i) decoder.DecodeEqual(10);
  EXPECT_FALSE(decoder.EndsWell());
  bytes.assign(100, 1);
  RangeDecoder longer(bytes);
  longer.DecodeEqual(10);
  EXPECT_FALSE(longer.EndsWell());
}

}  // namespace
}  // namespace shadowtutor::wire
