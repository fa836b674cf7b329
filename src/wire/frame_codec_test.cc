#include "wire/frame_codec.h"

#include <gtest/gtest.h>

#include <climits>
#include <numeric>

#include "core/testing/code_of.h"

namespace shadowtutor::wire {
namespace {

TEST(RawFrame, ComesBackAsItWas) {
  std::vector<uint8_t> pixels(5 * 32);
  std::iota(pixels.begin(), pixels.end(), uint8_t{0});
  const ImageView padded(pixels.data(), 7, 5, 32);
  const auto payload = PackRawFrame(padded);
  EXPECT_EQ(payload.size(), 7u * 5 * 3);
  EXPECT_EQ(payload[21], 32);  // the second row follows without a gap
  EXPECT_EQ(UnpackRawFrame(payload, {7, 5}).bytes(), Image(padded).bytes());
}

TEST(RawFrame, RefusesEveryOtherByteCount) {
  for (size_t bytes = 0; bytes < 300; ++bytes) {
    if (bytes == 7 * 5 * 3) continue;
    const std::vector<uint8_t> payload(bytes);
    EXPECT_EQ(CodeOf([&] { UnpackRawFrame(payload, {7, 5}); }), ErrorCode::kDataLoss);
  }
}

TEST(RawFrame, RefusesSizesBeforeItAllocates) {
  const std::vector<uint8_t> payload(12);
  for (const FrameSize size : {FrameSize{0, 4}, {4, 0}, {-2, -2}, {INT_MIN, INT_MIN}}) {
    EXPECT_EQ(CodeOf([&] { UnpackRawFrame(payload, size); }), ErrorCode::kInvalidArgument);
  }
  for (const FrameSize size : {FrameSize{INT_MAX, INT_MAX}, {8193, 1}, {1, 8193}, {8192, 8192}}) {
    EXPECT_EQ(CodeOf([&] { UnpackRawFrame(payload, size); }), ErrorCode::kResourceExhausted);
  }
  EXPECT_NO_THROW(CheckFrameSize({8192, 2048}));
}

}  // namespace
}  // namespace shadowtutor::wire
