#include <gtest/gtest.h>

#include <string>

#include "core/testing/code_of.h"
#include "shadowtutor/types.h"
#include "watch/http_get.h"

namespace shadowtutor::watch {
namespace {

TEST(WebAddress, IsASchemeAHostAndAPort) {
  const WebAddress plain = ParseWebAddress("http://127.0.0.1:8080");
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ(plain.host, "127.0.0.1");
  EXPECT_EQ(plain.port, 8080);
  EXPECT_TRUE(plain.loopback);
  const WebAddress six = ParseWebAddress("https://[2001:db8::1]/");
  EXPECT_TRUE(six.tls);
  EXPECT_EQ(six.host, "2001:db8::1");
  EXPECT_EQ(six.port, 443);
  EXPECT_FALSE(six.loopback);
  EXPECT_EQ(six.text(), "https://[2001:db8::1]:443");
  EXPECT_EQ(ParseWebAddress("http://tutor.example/").text(), "http://tutor.example:80");
}

TEST(WebAddress, AnythingElseIsRefused) {
  for (const char* wrong : {"", "127.0.0.1:8080", "ftp://a:1", "http://", "http://a:0",
                            "http://a:x", "http://a:1/dashboard", "http://me:secret@a:1",
                            "https://a:1?x", "http://unix:/run/socket", "http://unix-abstract:x"}) {
    EXPECT_EQ(CodeOf([&] { ParseWebAddress(wrong); }), ErrorCode::kInvalidArgument) << wrong;
  }
}

}  // namespace
}  // namespace shadowtutor::watch
