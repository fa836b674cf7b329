// Feeds coded_fuzz.cc with a good update, good label maps, and damaged ones. With SHADOWTUTOR_SEEDS
// in the environment it also writes the good ones into that folder, for libFuzzer to begin with.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "wire/coded_update.h"
#include "wire/label_coder.h"
#include "wire/testing/damage.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace shadowtutor::wire {
namespace {

using Bytes = std::vector<uint8_t>;

// As coded_fuzz.cc has it: a byte says what follows.
Bytes Seed(bool update, const Bytes& payload) {
  Bytes seed = {static_cast<uint8_t>(update)};
  seed.insert(seed.end(), payload.begin(), payload.end());
  return seed;
}

Bytes Update() {
  nn::NetworkSpec spec{.classes = 3};
  spec.in_conv1 = spec.in_conv2 = 4;
  spec.enc1 = spec.enc2 = spec.enc3 = spec.dec1 = spec.dec2 = spec.dec3 = spec.out = 16;
  const nn::NetworkLayout layout(spec);
  const nn::ParameterSelection selection(layout, nn::kPartialDistillation,
                                         nn::ParameterKinds::kAll);
  CodedUpdates updates(layout, selection);
  const std::vector<float> held(updates.size(), 0.5f);
  std::vector<float> target = held;
  for (size_t i = 0; i < target.size(); i += 7) target[i] += i % 2 == 0 ? 0.02f : -0.03f;
  return updates.Encode(held, target, 0.01f);
}

Bytes Labels() {
  LabelMap labels(33, 20);
  for (int y = 5; y < 15; ++y) {
    for (int x = 5; x < 5 + y; ++x) labels.row(y)[x] = 2;
  }
  return LabelCoder().Encode(labels);
}

TEST(CodedFuzz, GoodAndDamagedBytesAreDecodedOrRefused) {
  const char* folder = std::getenv("SHADOWTUTOR_SEEDS");
  std::mt19937 random(17);
  for (const bool update : {false, true}) {
    const Bytes seed = Seed(update, update ? Update() : Labels());
    ASSERT_GT(seed.size(), 10u);
    if (folder != nullptr) {
      const auto name = std::filesystem::path(folder) / (update ? "update" : "labels");
      std::ofstream file(name, std::ios::binary);
      file.write(reinterpret_cast<const char*>(seed.data()), static_cast<int64_t>(seed.size()));
      ASSERT_TRUE(file.flush()) << "the folder of SHADOWTUTOR_SEEDS cannot be written to";
    }
    EXPECT_EQ(LLVMFuzzerTestOneInput(seed.data(), seed.size()), 0);
    for (int round = 0; round < 300; ++round) {
      const Bytes damaged = Damaged(seed, 1, random);
      EXPECT_EQ(LLVMFuzzerTestOneInput(damaged.data(), damaged.size()), 0);
    }
  }
}

}  // namespace
}  // namespace shadowtutor::wire
