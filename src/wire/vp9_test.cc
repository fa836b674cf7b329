// What is VP9's own: headers that are refused. All else of it is in video_coder_test.cc.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/testing/moving_scene.h"
#include "wire/testing/refusal.h"
#include "wire/video_coder.h"

namespace shadowtutor::wire {
namespace {

constexpr FrameSize kSize{64, 48};

class Vp9 : public testing::Test {
 protected:
  Vp9() {
    VideoEncoder encoder(FrameCodec::kVp9, kSize, 24);
    key_frame_ = encoder.Encode(MovingScene(kSize, 0));
    second_ = encoder.Encode(MovingScene(kSize, 1));
  }
  // Whether the key frame, with this bit of its header turned over, is refused with such a
  // sentence.
  testing::AssertionResult Refused(int bit, const std::string& part) {
    auto unit = key_frame_;
    unit[bit / 8] ^= static_cast<uint8_t>(0x80 >> bit % 8);
    return Refused(unit, part);
  }
  testing::AssertionResult Refused(const std::vector<uint8_t>& unit, const std::string& part) {
    const std::string sentence = Refusal(decoder_, unit, kSize);
    if (sentence.find(part) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "it says: " << sentence;
  }

  std::vector<uint8_t> key_frame_, second_;
  VideoDecoder decoder_{FrameCodec::kVp9};
};

TEST_F(Vp9, RefusesWhatIsNotOneShownPicture) {
  EXPECT_TRUE(Refused(0, "frame's header"));
  EXPECT_TRUE(Refused(3, "4:2:0"));
  EXPECT_TRUE(Refused(4, "shows an earlier picture"));
  EXPECT_TRUE(Refused(6, "hidden"));
  EXPECT_TRUE(Refused(8, "key frame does not begin"));
  EXPECT_TRUE(Refused(35, "limited range"));
  EXPECT_TRUE(Refused(36, "its size is"));
  EXPECT_TRUE(Refused({0x82, 0x49}, "key frame does not begin"));
  EXPECT_TRUE(Refused({0x86, 0}, "truncated"));
  EXPECT_EQ(decoder_.Decode(key_frame_, kSize).size(), kSize);
}

// Two frames and their index, as encoders pack a hidden one and a shown one.
TEST_F(Vp9, RefusesSuperframes) {
  auto unit = key_frame_;
  unit.insert(unit.end(), second_.begin(), second_.end());
  const auto marker = uint8_t{0xc9};  // two frames, lengths of two bytes
  unit.push_back(marker);
  for (const size_t size : {key_frame_.size(), second_.size()}) {
    unit.push_back(static_cast<uint8_t>(size));
    unit.push_back(static_cast<uint8_t>(size >> 8));
  }
  unit.push_back(marker);
  EXPECT_TRUE(Refused(unit, "superframe"));
}

// A picture predicted from others may have a size of its own; then the references are scaled.
TEST_F(Vp9, RefusesAnotherSizeInMidStream) {
  const FrameSize large{4096, 2048};
  decoder_.Decode(key_frame_, kSize);
  // Header, no context reset, no references replaced, references 0, then none whose size is taken.
  std::vector<uint8_t> unit = {0x86, 0, 0, 0};
  std::string bits = "100001100000000000000000000000";
  bits += "000";
  for (const int side : {large.width, large.height}) {
    for (int i = 15; i >= 0; --i) bits += ((side - 1) >> i & 1) != 0 ? '1' : '0';
  }
  unit.assign(100, 0);
  for (size_t i = 0; i < bits.size(); ++i) {
    if (bits[i] == '1') unit[i / 8] |= static_cast<uint8_t>(0x80 >> i % 8);
  }
  EXPECT_TRUE(Refused(unit, "its size is 4096x2048"));
}

}  // namespace
}  // namespace shadowtutor::wire
