#include "eval/study/identity.h"

#include <gtest/gtest.h>

namespace shadowtutor::eval {
namespace {

TEST(Identity, OfAnAddressShowsNoPassword) {
  EXPECT_EQ(FileIdentity("http://me:geheim@host/a.mp4"), "http://host/a.mp4");
  const std::string one = FileIdentity("http://host/video?id=1&token=geheim");
  EXPECT_TRUE(one.starts_with("http://host/video?... ")) << one;
  EXPECT_EQ(one.find("geheim"), std::string::npos);
  EXPECT_EQ(FileIdentity("http://host/video?id=1&token=geheim"), one);
  EXPECT_NE(FileIdentity("http://host/video?id=2&token=geheim"), one);
}

TEST(Identity, OfAMissingFileIsItsName) { EXPECT_EQ(FileIdentity("no/such.mp4"), "no/such.mp4"); }

}  // namespace
}  // namespace shadowtutor::eval
