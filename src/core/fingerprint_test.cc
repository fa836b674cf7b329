#include "core/fingerprint.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor {
namespace {

namespace fs = std::filesystem;

class FingerprintTest : public ::testing::Test {
 protected:
  FingerprintTest() {
    std::string name = (fs::temp_directory_path() / "fingerprint.XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) folder_ = name;
  }
  ~FingerprintTest() override { fs::remove_all(folder_); }
  fs::path Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }

  fs::path folder_;
};

std::string OfText(const std::vector<std::string>& texts) {
  Fingerprint fingerprint;
  for (const std::string& text : texts) fingerprint.AddText(text);
  return fingerprint.Text();
}

TEST_F(FingerprintTest, PartsOfBytesCountAsOne) {
  std::vector<uint8_t> bytes(100);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 37);
  Fingerprint whole;
  whole.AddBytes(bytes);
  EXPECT_EQ(whole.Text().size(), 16u);
  for (size_t first = 0; first <= bytes.size(); ++first) {
    Fingerprint parts;
    parts.AddBytes(std::span(bytes).first(first));
    parts.AddBytes(std::span(bytes).subspan(first).first((100 - first) / 2));
    parts.AddBytes(std::span(bytes).subspan(first + (100 - first) / 2));
    EXPECT_EQ(parts.Text(), whole.Text()) << first;
  }
}

TEST_F(FingerprintTest, EveryBitAndEveryLengthCounts) {
  std::set<std::string> seen;
  size_t texts = 0;
  for (size_t length = 0; length < 40; ++length) {
    std::string text(length, '\0');
    seen.insert(OfText({text}));
    ++texts;
    for (size_t bit = 0; bit < 8 * length; ++bit) {
      text[bit / 8] = static_cast<char>(1 << bit % 8);
      seen.insert(OfText({text}));
      text[bit / 8] = 0;
      ++texts;
    }
  }
  EXPECT_EQ(seen.size(), texts);
  EXPECT_NE(OfText({"a", "bc"}), OfText({"ab", "c"}));
}

TEST_F(FingerprintTest, OfAFileIsItsContent) {
  const std::string one = FileFingerprint(Write("a", "content"));
  EXPECT_EQ(FileFingerprint(Write("b", "content")), one);
  fs::last_write_time(folder_ / "b", fs::file_time_type::clock::now() - std::chrono::hours(5));
  EXPECT_EQ(FileFingerprint(folder_ / "b"), one);
  EXPECT_NE(FileFingerprint(Write("a", "Content")), one);
  EXPECT_THROW(FileFingerprint(folder_ / "none"), Error);
  EXPECT_THROW(FileFingerprint(folder_), Error);
}

TEST_F(FingerprintTest, OfALargeFileIsItsSizeAndPartsOfIt) {
  constexpr uint64_t kMost = 64 << 10;
  std::string text(1 << 20, 'x');
  const std::string before = FileFingerprint(Write("a", text), kMost);
  EXPECT_EQ(FileFingerprint(folder_ / "a", kMost), before);
  EXPECT_NE(FileFingerprint(Write("a", text + "x"), kMost), before);
  for (const size_t at : {size_t{0}, text.size() - 1}) {
    std::string other = text;
    other[at] = 'y';
    EXPECT_NE(FileFingerprint(Write("a", other), kMost), before) << at;
  }
  // 16 parts: whatever is longer than a sixteenth is met.
  for (size_t at = 0; at + 70'000 <= text.size(); at += 10'000) {
    std::string other = text;
    other.replace(at, 70'000, 70'000, 'y');
    EXPECT_NE(FileFingerprint(Write("a", other), kMost), before) << at;
  }
}

TEST_F(FingerprintTest, OfAFolderIsItsFiles) {
  fs::create_directory(folder_ / "in");
  Write("in/1.png", "one");
  Write("in/2.png", "two");
  const std::string before = FolderFingerprint(folder_ / "in");
  EXPECT_EQ(SourceFingerprint((folder_ / "in").string()), before);
  Write("in/.hidden", "of the file manager");
  fs::create_directory(folder_ / "in/labels");
  EXPECT_EQ(FolderFingerprint(folder_ / "in"), before);
  Write("in/2.png", "Two");
  EXPECT_NE(FolderFingerprint(folder_ / "in"), before);
  Write("in/2.png", "two");
  Write("in/3.png", "three");
  EXPECT_NE(FolderFingerprint(folder_ / "in"), before);
  fs::remove(folder_ / "in/3.png");
  EXPECT_EQ(FolderFingerprint(folder_ / "in"), before);
  fs::rename(folder_ / "in", folder_ / "elsewhere");
  EXPECT_EQ(FolderFingerprint(folder_ / "elsewhere"), before);
  fs::rename(folder_ / "elsewhere/1.png", folder_ / "elsewhere/9.png");  // another order
  EXPECT_NE(FolderFingerprint(folder_ / "elsewhere"), before);
  EXPECT_THROW(FolderFingerprint(folder_ / "none"), Error);
}

TEST_F(FingerprintTest, OfAnAddressIsItsText) {
  const std::string one = SourceFingerprint("http://me:secret@host/a.mp4");
  EXPECT_EQ(SourceFingerprint("http://host/a.mp4"), one);
  EXPECT_NE(SourceFingerprint("http://host/b.mp4"), one);
}

}  // namespace
}  // namespace shadowtutor
