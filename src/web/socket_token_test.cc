#include "web/socket_token.h"

#include <gtest/gtest.h>

namespace shadowtutor::web {
namespace {

TEST(SocketToken, ComesInAHeaderOrAsAProtocol) {
  EXPECT_EQ(SocketTokenOf("Bearer abc/+=", "").token, "abc/+=");
  EXPECT_FALSE(SocketTokenOf("Bearer abc/+=", "").protocol_offered);
  const SocketToken offered =
      SocketTokenOf("", "shadowtutor.v1, shadowtutor.token.cTdSbDB6OG4vKz09");
  EXPECT_EQ(offered.token, "q7Rl0z8n/+==");
  EXPECT_TRUE(offered.protocol_offered);
  EXPECT_EQ(SocketTokenOf("", "shadowtutor.token.YQ,shadowtutor.v1").token, "a");
  EXPECT_EQ(SocketTokenOf("", "shadowtutor.token.YWI").token, "ab");
  EXPECT_EQ(SocketTokenOf("", "shadowtutor.token.-_-_").token, "\xfb\xff\xbf");
  EXPECT_EQ(SocketTokenOf("Bearer of-header", "shadowtutor.token.YQ").token, "of-header");
}

TEST(SocketToken, IsEmptyForWhatIsNone) {
  for (const char* protocols :
       {"", ",", " , ,", "chat", "shadowtutor.token.", "shadowtutor.token.a b",
        "shadowtutor.token.YQ==", "shadowtutor.token.Y+/Q", "xshadowtutor.token.YQ"}) {
    EXPECT_EQ(SocketTokenOf("", protocols).token, "") << protocols;
  }
  EXPECT_EQ(SocketTokenOf("Basic abc", "").token, "");
  EXPECT_EQ(SocketTokenOf("", "shadowtutor.token." + std::string(7000, 'A')).token, "");
  EXPECT_FALSE(SocketTokenOf("", "shadowtutor.v12, x").protocol_offered);
}

}  // namespace
}  // namespace shadowtutor::web
