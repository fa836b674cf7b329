#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "core/atomic_file.h"
#include "core/bit_cast.h"
#include "core/checksum.h"
#include "shadowtutor/types.h"

namespace shadowtutor {
namespace {

TEST(AtomicFile, ReplacesWholeFilesAndLeavesNothingBeside) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "atomic_file_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  WriteFileAtomically(folder / "a", "one");
  WriteFileAtomically(folder / "a", "second");
  const auto bytes = ReadFile(folder / "a", 100);
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  EXPECT_THROW(ReadFile(folder / "a", 3), Error);
  EXPECT_THROW(ReadFile(folder / "b", 3), Error);
  EXPECT_THROW(WriteFileAtomically(folder / "no" / "such", "x"), Error);
}

TEST(Checksum, IsFnv1a) {
  EXPECT_EQ(Fnv1a64({}), 0xcbf29ce484222325ull);
  const uint8_t a[] = {'a'};
  EXPECT_EQ(Fnv1a64(a), 0xaf63dc4c8601ec8cull);
}

TEST(Checksum, SeesEveryFloatAndEveryBit) {
  std::vector<float> values(101, 0.5f);
  const uint64_t before = FloatChecksum64(values);
  EXPECT_EQ(before, FloatChecksum64(values));
  EXPECT_NE(before, FloatChecksum64(std::span(values).first(100)));
  for (size_t i = 0; i < values.size(); ++i) {
    for (int bit = 0; bit < 32; ++bit) {
      auto changed = values;
      changed[i] = BitCast<float>(BitCast<uint32_t>(changed[i]) ^ (1u << bit));
      EXPECT_NE(before, FloatChecksum64(changed)) << i << " " << bit;
    }
  }
  // In plain FNV-1a over words, two changed signs at odd positions would cancel out.
  auto signs = values;
  signs[1] = -signs[1];
  signs[3] = -signs[3];
  EXPECT_NE(before, FloatChecksum64(signs));
}

TEST(Image, CopiesPaddedRows) {
  std::vector<uint8_t> padded(2 * 10);
  for (size_t i = 0; i < padded.size(); ++i) padded[i] = static_cast<uint8_t>(i);
  const Image image(ImageView(padded.data(), 3, 2, 10));
  EXPECT_EQ(image.row(1)[0], 10);
  EXPECT_EQ(image.row(1)[8], 18);
}

}  // namespace
}  // namespace shadowtutor
