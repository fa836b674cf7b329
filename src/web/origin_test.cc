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
  EXPECT_TRUE(MayConnect("", "cam.local:8080", false, {}));  // no page
  EXPECT_TRUE(MayConnect("http://cam.local:8080", "Cam.local:8080", false, {}));
  EXPECT_TRUE(MayConnect("https://cam.local", "cam.local:443", true, {}));
  EXPECT_TRUE(MayConnect("https://shop.example", "cam.local:8080", false, allowed));
  EXPECT_FALSE(MayConnect("https://shop.example", "cam.local:8080", false, {}));
  EXPECT_FALSE(MayConnect("http://shop.example", "cam.local:8080", false, allowed));
  EXPECT_FALSE(MayConnect("https://shop.example.evil.org", "cam.local", true, allowed));
  EXPECT_FALSE(MayConnect("http://cam.local:8080", "cam.local:8080", true, {}));
  EXPECT_FALSE(MayConnect("http://cam.local:9090", "cam.local:8080", false, {}));
  EXPECT_FALSE(MayConnect("null", "cam.local:8080", false, allowed));  // a file, or a sandbox
}

}  // namespace
}  // namespace shadowtutor::web
