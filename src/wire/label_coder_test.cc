#include "wire/label_coder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "wire/label_rle.h"

namespace shadowtutor::wire {
namespace {

LabelMap Discs(FrameSize size, double at) {
  LabelMap labels(size.width, size.height, 3);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      if (std::hypot(x - at, y - 60) < 30 + 2 * std::sin(y / 3.0)) labels.at(x, y) = 1;
      if (std::hypot(x - 200, y - 90) < 20) labels.at(x, y) = 7;
    }
  }
  return labels;
}

TEST(LabelCoder, AnyMapsComeBackInTheirOrder) {
  std::mt19937 random(3);
  LabelCoder encoder, decoder;
  for (int round = 0; round < 200; ++round) {
    const bool same_size = round % 3 != 0;
    static FrameSize size;
    if (!same_size)
      size = {1 + static_cast<int>(random() % 300), 1 + static_cast<int>(random() % 20)};
    LabelMap labels(size.width, size.height);
    const uint32_t wild = 1 + random() % 30;
    uint8_t label = 0;
    for (uint8_t& at : labels.labels()) {
      if (random() % wild == 0) label = static_cast<uint8_t>(random());
      at = label;
    }
    EXPECT_EQ(decoder.Decode(encoder.Encode(labels), size), labels);
  }
}

TEST(LabelCoder, TakesAFractionOfOtherCodecs) {
  const FrameSize size{320, 180};
  LabelCoder coder;
  const size_t runs = EncodeLabelRle(Discs(size, 100)).size();
  const size_t first = coder.Encode(Discs(size, 100)).size();
  EXPECT_LT(first * 5 / 2, runs);
  EXPECT_LT(coder.Encode(Discs(size, 100)).size(), 60u) << "the same map again";
  EXPECT_LT(coder.Encode(Discs(size, 102)).size(), first);
}

// The format is part of the protocol, so these bytes must never change.
TEST(LabelCoder, BytesAreFixed) {
  LabelMap labels(9, 3, 2);
  labels.at(4, 1) = 5;
  LabelCoder coder;
  EXPECT_EQ(coder.Encode(labels), (std::vector<uint8_t>{0xfe, 0x85, 0x7e, 0xd9, 0x40, 0x63}));
  labels.at(5, 1) = 5;
  EXPECT_EQ(coder.Encode(labels), (std::vector<uint8_t>{0x80, 0xe6, 0x19, 0x06, 0xd3}));
}

TEST(LabelCoder, RefusesDamagedBytesAndGoesOn) {
  const FrameSize size{320, 180};
  LabelCoder encoder, decoder;
  decoder.Decode(encoder.Encode(Discs(size, 100)), size);
  const auto bytes = encoder.Encode(Discs(size, 140));
  const auto refused = [&](std::span<const uint8_t> damaged, FrameSize declared) {
    try {
      decoder.Decode(damaged, declared);
    } catch (const Error& error) {
      return error.code() == ErrorCode::kDataLoss;
    }
    return false;
  };
  EXPECT_TRUE(refused(std::span(bytes).first(bytes.size() / 2), size));
  EXPECT_TRUE(refused({}, size));
  auto longer = bytes;
  longer.resize(longer.size() + 9, 3);
  EXPECT_TRUE(refused(longer, size));
  EXPECT_THROW(decoder.Decode(bytes, {0, 5}), Error);
  EXPECT_EQ(decoder.Decode(bytes, size), Discs(size, 140));
}

}  // namespace
}  // namespace shadowtutor::wire
