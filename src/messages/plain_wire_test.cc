#include "messages/plain_wire.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace shadowtutor::messages {
namespace {

using namespace std::string_literals;

// Whether all fields of `bytes` can be skipped.
bool Skips(std::string_view bytes, int depth = WireReader::kMaxDepth) {
  WireReader reader(bytes, depth);
  while (reader.Next()) reader.Skip();
  return !reader.failed();
}

TEST(PlainWire, ValuesOfEveryKindTravel) {
  WireWriter writer;
  writer.Varint(8, std::numeric_limits<uint64_t>::max());
  writer.Fixed64(17, 0x0102030405060708);
  writer.Bytes(26, "a\0b"s);
  writer.Fixed32(0xfffffffd, 0xfeedbeef);
  const std::string bytes = writer.Take();
  WireReader reader(bytes);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.tag(), 8u);
  EXPECT_EQ(reader.Varint(), std::numeric_limits<uint64_t>::max());
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.Fixed64(), 0x0102030405060708u);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.Bytes(), "a\0b"s);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.tag(), 0xfffffffdu);
  EXPECT_EQ(reader.Fixed32(), 0xfeedbeefu);
  EXPECT_FALSE(reader.Next());
  EXPECT_FALSE(reader.failed());
  EXPECT_TRUE(Skips(bytes));
  for (size_t size = 1; size < bytes.size(); ++size) {
    const bool whole = size == 11 || size == 20 || size == 25;
    EXPECT_EQ(Skips(bytes.substr(0, size)), whole) << size;
  }
}

TEST(PlainWire, ZigZagKeepsSmallNumbersShort) {
  for (const int64_t value :
       {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{-2}, int64_t{1} << 40,
        std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(UnZigZag(ZigZag(value)), value);
  }
  EXPECT_EQ(ZigZag(-1), 1u);
  EXPECT_EQ(ZigZag(1), 2u);
}

TEST(PlainWire, LengthsBeyondTheEndAreRefused) {
  // Also those that are negative, or others, as 32-bit numbers.
  for (const std::string& length :
       {"\x04"s, "\xff\xff\xff\xff\x07"s, "\x80\x80\x80\x80\x08"s, "\xff\xff\xff\xff\x0f"s,
        "\x83\x80\x80\x80\x10"s, "\x83\x80\x80\x80\x80\x80\x00"s}) {
    const std::string bytes = "\x0a" + length + "abc";
    WireReader reader(bytes);
    ASSERT_TRUE(reader.Next());
    EXPECT_EQ(reader.Bytes(), "");
    EXPECT_TRUE(reader.failed());
    EXPECT_FALSE(reader.Next());
  }
}

TEST(PlainWire, GroupsAreSkippedAndMustEnd) {
  EXPECT_TRUE(Skips("\x0b\x0c"));
  EXPECT_TRUE(Skips("\x0b\x13\x08\x01\x14\x0c\x08\x01"));
  EXPECT_FALSE(Skips("\x0b"));
  EXPECT_FALSE(Skips("\x0c"));
  EXPECT_FALSE(Skips("\x0b\x14"));
  EXPECT_FALSE(Skips("\x0b\x13\x0c\x14"));
  const auto nested = [](size_t depth) {
    return std::string(depth, '\x0b') + std::string(depth, '\x0c');
  };
  EXPECT_TRUE(Skips(nested(100)));
  EXPECT_FALSE(Skips(nested(101)));
  EXPECT_FALSE(Skips(nested(100'000)));
  EXPECT_TRUE(Skips(nested(2), 2));
  EXPECT_FALSE(Skips(nested(2), 1));
}

// A message that holds itself.
struct Nest {
  int depth = 0;
  void Merge(WireReader& from) {
    while (from.Next()) {
      Nest inner;
      from.Read(inner);
      depth = inner.depth + 1;
    }
  }
};

TEST(PlainWire, MessagesNestToABound) {
  std::string bytes;
  for (int depth = 1; depth <= 101; ++depth) {
    WireWriter writer;
    writer.Bytes(10, bytes);
    bytes = writer.Take();
    WireReader reader(bytes);
    Nest nest;
    nest.Merge(reader);
    EXPECT_EQ(reader.failed(), depth > 100) << depth;
    if (depth <= 100) {
      EXPECT_EQ(nest.depth, depth);
    }
  }
}

TEST(PlainWire, TextMustBeUtf8) {
  for (const bool sound : {true, false}) {
    WireReader reader(sound ? "\x0a\x02\xc3\xbc" : "\x0a\x02\xc3\x28");
    ASSERT_TRUE(reader.Next());
    EXPECT_EQ(reader.Text(), sound ? "ü" : "");
    EXPECT_EQ(reader.failed(), !sound);
  }
}

}  // namespace
}  // namespace shadowtutor::messages
