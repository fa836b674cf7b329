#include "wire/label_rle.h"

#include <gtest/gtest.h>

#include <random>

namespace shadowtutor::wire {
namespace {

ErrorCode RefusalOf(std::span<const uint8_t> bytes, FrameSize declared) {
  try {
    DecodeLabelRle(bytes, declared);
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "decoded";
  return ErrorCode::kInternal;
}

TEST(LabelRle, TheFormatIsAsDocumented) {
  LabelMap labels(300, 3, 7);
  labels.at(0, 2) = 9;
  const std::vector<uint8_t> expected = {1, 7, 0, 2, 9, 1, 7};
  EXPECT_EQ(EncodeLabelRle(labels), expected);
  EXPECT_EQ(DecodeLabelRle(expected, labels.size()), labels);
  for (int x = 0; x < 200; ++x) labels.at(x, 0) = 3;  // 200 = 0x48 + (1 << 7)
  EXPECT_EQ(EncodeLabelRle(labels), (std::vector<uint8_t>{2, 3, 0xc8, 1, 7, 1, 7, 2, 9, 1, 7}));
}

TEST(LabelRle, AnyMapComesBack) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    LabelMap labels(1 + static_cast<int>(random() % 300), 1 + static_cast<int>(random() % 20));
    const uint32_t wild = 1 + random() % 30;
    uint8_t label = 0;
    for (uint8_t& at : labels.labels()) {
      if (random() % wild == 0) label = static_cast<uint8_t>(random());
      at = label;
    }
    EXPECT_EQ(DecodeLabelRle(EncodeLabelRle(labels), labels.size()), labels);
  }
  const LabelMap wide(kMaxFrameSide, 2, 255);
  EXPECT_EQ(EncodeLabelRle(wide).size(), 3u);
  EXPECT_EQ(DecodeLabelRle(EncodeLabelRle(wide), wide.size()), wide);
}

TEST(LabelRle, RefusesWhatIsNoMap) {
  const auto refused = [](std::vector<uint8_t> bytes) {
    EXPECT_EQ(RefusalOf(bytes, {4, 2}), ErrorCode::kDataLoss);
  };
  refused({});
  refused({0, 0});                    // the first row cannot repeat the one above
  refused({1, 5});                    // one row is missing
  refused({1, 5, 0, 0});              // one row too many
  refused({2, 5, 4, 6, 0});           // nothing is left for the last run
  refused({2, 5, 0, 6, 0});           // an empty run
  refused({2, 5, 9, 6, 0});           // a run beyond the row
  refused({9, 1, 1, 1, 1, 1, 1, 1});  // more runs than pixels
  refused({0xff, 0xff, 0xff, 1, 1});  // a number without end
  EXPECT_EQ(RefusalOf({}, {0, 2}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(RefusalOf({}, {1 << 20, 2}), ErrorCode::kResourceExhausted);
  EXPECT_THROW(EncodeLabelRle(LabelMap()), Error);
}

TEST(LabelRle, SurvivesDamage) {
  LabelMap labels(40, 30, 1);
  for (int y = 5; y < 20; ++y) {
    for (int x = y; x < 30; ++x) labels.at(x, y) = 2;
  }
  const auto bytes = EncodeLabelRle(labels);
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    auto damaged = bytes;
    for (int flips = 0; flips < 3; ++flips) {
      damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    }
    if (random() % 3 == 0) damaged.resize(random() % damaged.size());
    try {
      EXPECT_EQ(DecodeLabelRle(damaged, labels.size()).size(), labels.size());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
    }
  }
}

}  // namespace
}  // namespace shadowtutor::wire
