// What is H.264's own; all else of it is in video_coder_test.cc.
#include "wire/h264.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "wire/testing/moving_scene.h"
#include "wire/testing/refusal.h"
#include "wire/video_coder.h"

namespace shadowtutor::wire {
namespace {

constexpr FrameSize kSize{64, 48};

VideoEncoder Encoder() { return VideoEncoder(FrameCodec::kH264, kSize, kDefaultH264Crf); }

TEST(H264, RefusesMoreThanOnePicture) {
  VideoEncoder encoder = Encoder();
  auto both = encoder.Encode(MovingScene(kSize, 0));
  const auto second = encoder.Encode(MovingScene(kSize, 1));
  both.insert(both.end(), second.begin(), second.end());
  VideoDecoder decoder(FrameCodec::kH264);
  EXPECT_NE(Refusal(decoder, both, kSize).find("2 pictures"), std::string::npos);
}

// Slices that begin at a later macroblock start no new picture, so there is a bound on the number
// of slices as well.
TEST(H264, RefusesSlicesWithoutNumber) {
  auto unit = Encoder().Encode(MovingScene(kSize, 0));
  for (int i = 0; i < kMaxH264Slices; ++i) {
    for (const uint8_t byte : {0, 0, 1, 0x65, 0x40, 0x10, 0x10}) unit.push_back(byte);
  }
  VideoDecoder decoder(FrameCodec::kH264);
  EXPECT_NE(Refusal(decoder, unit, kSize).find("slices"), std::string::npos);
}

// A stream's parameter sets follow from the rate factor that its encoder was opened with, whatever
// its first frame has.
TEST(H264, TheRateFactorChangesWithoutANewEncoder) {
  VideoEncoder coarse = Encoder(), fine = Encoder();
  coarse.SetCrf(40);
  const Image scene = MovingScene(kSize, 0);
  const auto a = coarse.Encode(scene), b = fine.Encode(scene);
  EXPECT_NE(a, b);
  constexpr ptrdiff_t kParameterSets = 30;
  EXPECT_TRUE(std::equal(a.begin(), a.begin() + kParameterSets, b.begin()));
}

}  // namespace
}  // namespace shadowtutor::wire
