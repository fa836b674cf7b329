// Feeds plain_fuzz.cc with good messages and damaged ones. With SHADOWTUTOR_SEEDS in the
// environment it also writes some good ones into that folder, for libFuzzer to begin with.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "messages/testing/random_message.h"
#include "messages/testing/round_trip.h"
#include "wire/testing/damage.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace shadowtutor::messages {
namespace {

using namespace std::string_literals;
using Bytes = std::vector<uint8_t>;

// As plain_fuzz.cc has it: a byte says what follows.
Bytes Seed(Root root, const std::string& message) {
  Bytes seed = {static_cast<uint8_t>(root)};
  seed.insert(seed.end(), message.begin(), message.end());
  return seed;
}

void Feed(const Bytes& bytes) { ASSERT_EQ(LLVMFuzzerTestOneInput(bytes.data(), bytes.size()), 0); }

TEST(PlainFuzz, BothKindsOfClassesReadAndWriteTheSame) {
  std::mt19937 random(29);
  for (int round = 0; round < 400; ++round) {
    for (int i = 0; i < kRoots; ++i) {
      const auto root = static_cast<Root>(i);
      const std::string message = RandomMessage(root, random);
      const auto plain = PlainRoundTrip(root, message);
      ASSERT_TRUE(plain) << "message " << i << ", round " << round;
      ASSERT_EQ(*plain, message) << "message " << i << ", round " << round;
      ASSERT_EQ(ProtobufRoundTrip(root, *plain), message);
    }
  }
}

TEST(PlainFuzz, BothTakeAndRefuseTheSameBytes) {
  const char* folder = std::getenv("SHADOWTUTOR_SEEDS");
  std::mt19937 random(31);
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < kRoots; ++i) {
      const Bytes seed = Seed(static_cast<Root>(i), RandomMessage(static_cast<Root>(i), random));
      if (folder != nullptr) {
        const auto name = std::filesystem::path(folder) /
                          ("message" + std::to_string(i) + "-" + std::to_string(round));
        std::ofstream file(name, std::ios::binary);
        file.write(reinterpret_cast<const char*>(seed.data()), static_cast<int64_t>(seed.size()));
        ASSERT_TRUE(file.flush()) << "the folder of SHADOWTUTOR_SEEDS cannot be written to";
      }
      Feed(seed);
      for (int damage = 0; damage < 100; ++damage) Feed(wire::Damaged(seed, 1, random));
      // Two messages one behind the other are merged.
      Bytes twice = seed;
      const std::string other = RandomMessage(static_cast<Root>(i), random);
      twice.insert(twice.end(), other.begin(), other.end());
      Feed(twice);
    }
  }
}

TEST(PlainFuzz, BothReadTheEdgesOfTheEncodingAlike) {
  // Fields of testing/kinds.proto: 0x28 is an_int32, 0x40 a_sint32, 0x68 a_bool, 0x7a a_string,
  // 0x7b and 0x7c a group of its number, 0x82 0x01 some_bytes, 0x8a 0x01 a_leaf.
  const std::string groups_open(101, '\x7b'), groups_end(101, '\x7c');
  std::vector<std::string> edges = {
      "\x00"s,      // number 0
      "\x02\x00"s,  // and with a length
      "\x07"s,
      "\x0e"s,          // kinds that there are not
      "\x68"s,          // a bool without its byte
      "\x68\x80\x00"s,  // a false bool in two bytes
      "\x68\x80\x02"s,  // a true one whose first seven bits are 0
      "\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,
      "\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"s,
      "\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,  // eleven bytes
      "\x28\xff\xff\xff\xff\x0f"s,
      "\x28\xff\xff\xff\xff\x1f"s,
      "\x40\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,  // more than 32 bits for a sint32
      "\x2d\x01\x02\x03\x04"s,                          // an int32 of another kind
      "\xf8\xff\xff\xff\x0f\x05"s,
      "\xf8\xff\xff\xff\x1f\x05"s,
      "\xf8\xff\xff\xff\x7f\x05"s,
      "\xf8\xff\xff\xff\xff\x0f\x05"s,  // tags of five bytes and of six
      "\x80\x80\x80\x80\x01\x05"s,
      "\xc2\xa3\x09\x01x"s,
      "\x7a\x01"s,
      "\x7a\xff\xff\xff\xff\x07x"s,
      "\x7a\xff\xff\xff\xff\x0fx"s,
      "\x7a\xff\xff\xff\xff\x7fx"s,
      "\x7a\x81\x80\x80\x80\x00x"s,
      "\x7a\x81\x80\x80\x80\x80\x00x"s,
      "\x7a\x02\xc3\x28"s,
      "\x82\x01\x02\xc3\x28"s,
      "\x7a\x03\xed\xa0\x80"s,
      "\xca\x02\x01\xff"s,
      "\x7b\x7c"s,
      "\x7b"s,
      "\x7c"s,
      "\x7b\x84\x01"s,
      "\x7b\x83\x01\x7c\x84\x01"s,
      "\x7b\x83\x01\x84\x01\x7c"s,
      "\x7b\x08\x01\x12\x01x\x7c\x28\x07"s,
      "\x8a\x01\x01\x7b"s,
      "\x8a\x01\x02\x7b\x7c"s,
      "\x8a\x01\x01\x7c"s,
      groups_open + groups_end,
      groups_open.substr(1) + groups_end.substr(1),
      "\x8a\x01\xc8\x01"s + groups_open.substr(1) + groups_end.substr(1),
      "\x8a\x01\xc6\x01"s + groups_open.substr(2) + groups_end.substr(2),
      "\x92\x03\x02\x08\x01\x92\x03\x03\x12\x01x"s,  // the same message of a oneof twice
      "\x92\x03\x02\x08\x01\xea\x02\x02\x0a\x00\x92\x03\x03\x12\x01x"s,  // and with another one
                                                                         // between
      "\x92\x03\x00"s,
  };
  for (const std::string& edge : edges) Feed(Seed(Root::kKinds, edge));
}

}  // namespace
}  // namespace shadowtutor::messages
