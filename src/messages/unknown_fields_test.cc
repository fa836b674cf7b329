#include <gtest/gtest.h>

#include <string>

#include "shadowtutor/v1/shadowtutor.pb.h"

namespace shadowtutor::messages {
namespace {

TEST(UnknownFields, AreKeptByProtobufsOwnClasses) {
  // Field 99 of a newer partner: read, stored and written again.
  const std::string unknown(
      "\x9a\x06\x03"
      "abc",
      6);
  v1::ClientMessage message;
  ASSERT_TRUE(message.ParseFromString(unknown));
  EXPECT_EQ(message.SerializeAsString(), unknown);
}

}  // namespace
}  // namespace shadowtutor::messages
