#include "eval/study/identity.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "video/testing/test_files.h"

namespace shadowtutor::eval {
namespace {

TEST(Identity, OfAnAddressCountsWithoutUserAndPassword) {
  EXPECT_EQ(FileIdentity("http://me:geheim@host/a.mp4"), FileIdentity("http://host/a.mp4"));
  const std::string one = FileIdentity("http://host/video?id=1&token=geheim");
  EXPECT_EQ(one.find("geheim"), std::string::npos);
  EXPECT_EQ(FileIdentity("http://host/video?id=1&token=geheim"), one);
  EXPECT_NE(FileIdentity("http://host/video?id=2&token=geheim"), one);
}

TEST(Identity, OfAFileIsItsContent) {
  const testing::TemporaryFolder folder;
  testing::WriteText(folder / "a.mp4", "content");
  testing::WriteText(folder / "b.mp4", "content");
  const std::string one = FileIdentity(folder / "a.mp4");
  EXPECT_EQ(FileIdentity(folder / "b.mp4"), one);
  const auto time = std::filesystem::last_write_time(folder / "a.mp4");
  testing::WriteText(folder / "a.mp4", "contenT");
  std::filesystem::last_write_time(folder / "a.mp4", time);
  EXPECT_NE(FileIdentity(folder / "a.mp4"), one);
}

TEST(Identity, OfAMissingFileIsThatOfItsName) {
  EXPECT_EQ(FileIdentity("no/such.mp4"), FileIdentity("no/such.mp4"));
  EXPECT_NE(FileIdentity("no/such.mp4"), FileIdentity("no/other.mp4"));
}

}  // namespace
}  // namespace shadowtutor::eval
