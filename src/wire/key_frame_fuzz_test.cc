// Feeds key_frame_fuzz.cc with good streams of every codec and with damaged ones. With
// SHADOWTUTOR_SEEDS in the environment it also writes the good ones into that folder, for libFuzzer
// to begin with.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "wire/codec_names.h"
#include "wire/key_frame_codec.h"
#include "wire/testing/damage.h"
#include "wire/testing/moving_scene.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace shadowtutor::wire {
namespace {

constexpr FrameSize kSize{50, 38};
using Bytes = std::vector<uint8_t>;

Bytes Seed(FrameCodec codec) {
  Bytes seed = {static_cast<uint8_t>(codec), kSize.width - 1, kSize.height - 1};
  const auto encoder = MakeKeyFrameEncoder(codec, {.crf = 34});
  for (int i = 0; i < 3; ++i) {
    const Bytes payload = encoder->Encode(MovingScene(kSize, 3 * i));
    seed.push_back(static_cast<uint8_t>(payload.size()));
    seed.push_back(static_cast<uint8_t>(payload.size() >> 8));
    seed.insert(seed.end(), payload.begin(), payload.end());
  }
  return seed;
}

TEST(KeyFrameFuzz, GoodAndDamagedStreamsAreDecodedOrRefused) {
  const char* folder = std::getenv("SHADOWTUTOR_SEEDS");
  std::mt19937 random(13);
  for (const std::string& name : FrameCodecNames()) {
    const Bytes seed = Seed(ParseFrameCodec(name));
    if (folder != nullptr) {
      std::ofstream file(std::filesystem::path(folder) / ("key_frames_" + name), std::ios::binary);
      file.write(reinterpret_cast<const char*>(seed.data()), static_cast<int64_t>(seed.size()));
      ASSERT_TRUE(file.flush()) << "the folder of SHADOWTUTOR_SEEDS cannot be written to";
    }
    EXPECT_EQ(LLVMFuzzerTestOneInput(seed.data(), seed.size()), 0);
    if (!IsVideo(ParseFrameCodec(name))) continue;  // their tests have damage of their own
    for (int round = 0; round < 200; ++round) {
      const Bytes damaged = Damaged(seed, 1, random);
      EXPECT_EQ(LLVMFuzzerTestOneInput(damaged.data(), damaged.size()), 0);
    }
  }
}

}  // namespace
}  // namespace shadowtutor::wire
