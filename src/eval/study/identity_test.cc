#include "eval/study/identity.h"

#include <gtest/gtest.h>

namespace shadowtutor::eval {
namespace {

TEST(Identity, OfAnAddressCountsWithoutUserAndPassword) {
  EXPECT_EQ(FileIdentity("http://me:geheim@host/a.mp4"), FileIdentity("http://host/a.mp4"));
  const std::string one = FileIdentity("http://host/video?id=1&token=geheim");
  EXPECT_EQ(one.find("geheim"), std::string::npos);
  EXPECT_EQ(FileIdentity("http://host/video?id=1&token=geheim"), one);
  EXPECT_NE(FileIdentity("http://host/video?id=2&token=geheim"), one);
}

TEST(Identity, OfAMissingFileIsThatOfItsName) {
  EXPECT_EQ(FileIdentity("no/such.mp4"), FileIdentity("no/such.mp4"));
  EXPECT_NE(FileIdentity("no/such.mp4"), FileIdentity("no/other.mp4"));
}

}  // namespace
}  // namespace shadowtutor::eval
