#include "web/origin.h"

#include <gtest/gtest.h>

#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::web {
namespace {

TEST(Origin, IsWrittenAsBrowsersDo) {
  EXPECT_EQ(ParseOrigin("https://Example.org"), "https://example.org");
  EXPECT_EQ(ParseOrigin("https://example.org:443"), "https://example.org");
  EXPECT_EQ(ParseOrigin("https://example.org:80"), "https://example.org:80");
  EXPECT_EQ(ParseOrigin("http://[::1]:80"), "http://[::1]");
  for (const char* wrong : {"", "example.org", "*", "null", "https://", "https://a/", "ftp://a",
                            "https://a b", "https://user@a", "https://a?b"}) {
    EXPECT_THROW(ParseOrigin(wrong), Error) << wrong;
  }
}

TEST(Origin, PagesOfThisServerAndThoseNamedMayConnect) {
  const std::vector<std::string> allowed = {ParseOrigin("https://shop.example")};
  EXPECT_TRUE(MayConnect("", "cam.local:8080", false, false, {}));  // no page
  EXPECT_TRUE(MayConnect("http://cam.local:8080", "Cam.local:8080", false, false, {}));
  EXPECT_TRUE(MayConnect("https://cam.local", "cam.local:443", true, false, {}));
  EXPECT_TRUE(MayConnect("https://shop.example", "cam.local:8080", false, false, allowed));
  EXPECT_FALSE(MayConnect("https://shop.example", "cam.local:8080", false, false, {}));
  EXPECT_FALSE(MayConnect("http://shop.example", "cam.local:8080", false, false, allowed));
  EXPECT_FALSE(MayConnect("https://shop.example.evil.org", "cam.local", true, false, allowed));
  EXPECT_FALSE(MayConnect("http://cam.local:8080", "cam.local:8080", true, false, {}));
  EXPECT_FALSE(MayConnect("http://cam.local:9090", "cam.local:8080", false, false, {}));
  EXPECT_FALSE(
      MayConnect("null", "cam.local:8080", false, false, allowed));  // a file, or a sandbox
}

TEST(Origin, OnThisMachineNamesThatLeadHereAreNotEnough) {
  const std::vector<std::string> allowed = {ParseOrigin("https://cam.example")};
  EXPECT_TRUE(MayConnect("", "evil.example:8080", false, true, {}));  // no page
  EXPECT_FALSE(MayConnect("http://evil.example:8080", "evil.example:8080", false, true, {}));
  EXPECT_TRUE(MayConnect("http://localhost:8080", "localhost:8080", false, true, {}));
  EXPECT_TRUE(MayConnect("https://cam.example", "cam.example", false, true, allowed));
  for (const char* host :
       {"localhost", "LocalHost:8080", "127.0.0.1:80", "127.8.9.1", "[::1]", "[::1]:8080"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host : {"", "localhost.evil.example", "127.0.0.1.evil.example:8080", "evil",
                           "0.0.0.0:8080", "unix:8080", "unix", "unix-abstract:1", "[::2]:80",
                           "localhost:80:80", "user@localhost:80", "127.0.0.1/x"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
  EXPECT_TRUE(IsHostOf(allowed, "Cam.example"));
  EXPECT_TRUE(IsHostOf(allowed, "cam.example:443"));
  EXPECT_FALSE(IsHostOf(allowed, "cam.example:8080"));
  EXPECT_FALSE(IsHostOf(allowed, ""));
}

}  // namespace
}  // namespace shadowtutor::web
