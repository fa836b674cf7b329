#include "rpc/server/token_list.h"

#include <gtest/gtest.h>

#include <string>

#include "core/testing/code_of.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

constexpr char kToken[] = "0123456789abcdef", kOther[] = "fedcba9876543210";

std::string WhyNot(const std::string& text) {
  try {
    ParseTokenList(text, "list");
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
}

TEST(TokenList, HasDevicesWithTokensAndLimits) {
  const auto devices = ParseTokenList(
      "# name token limits\n"
      "\n"
      "camera-1\t0123456789abcdef  sessions=2 key-frames=0.5 bytes=2e5  # the front door\r\n"
      "  Camera_2.b sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
      "list");
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0].name, "camera-1");
  EXPECT_EQ(devices[0].token, DigestOf(kToken));
  EXPECT_EQ(devices[0].limits.sessions, 2);
  EXPECT_EQ(devices[0].limits.key_frames_per_second, 0.5);
  EXPECT_EQ(devices[0].limits.bytes_per_second, 200'000);
  EXPECT_EQ(devices[1].name, "Camera_2.b");
  EXPECT_EQ(devices[1].token, DigestOf("abc"));
  EXPECT_EQ(devices[1].limits.sessions, 0);
}

TEST(TokenList, SaysWhichLineIsWrongAndWhy) {
  const std::string good = std::string("a ") + kToken + "\n";
  for (const auto& [line, part] : {
           std::pair<std::string, const char*>{"b", "needs a name and a token"},
           {std::string("b/c ") + kOther, "no name"},
           {std::string(65, 'b') + " " + kOther, "no name"},
           {"b short", "16 to 256"},
           {"b " + std::string(257, 'x'), "16 to 256"},
           {"b sha256:abc", "64 digits"},
           {"b sha256:" + std::string(64, 'g'), "64 digits"},
           {std::string("b ") + kOther + " sessions=0", "from 1 to 256"},
           {std::string("b ") + kOther + " sessions=257", "from 1 to 256"},
           {std::string("b ") + kOther + " sessions=1.5", "from 1 to 256"},
           {std::string("b ") + kOther + " key-frames=0", "number above 0 after key-frames="},
           {std::string("b ") + kOther + " key-frames=nan", "number above 0"},
           {std::string("b ") + kOther + " bytes=inf", "number above 0 after bytes="},
           {std::string("b ") + kOther + " bytes=", "number above 0"},
           {std::string("b ") + kOther + " bytes=1 bytes=2", "bytes twice"},
           {std::string("b ") + kOther + " frames=1", "no limit"},
           {std::string("a ") + kOther, "second for \"a\""},
           {std::string("b ") + kToken, "token of another line"},
       }) {
    const std::string why = WhyNot(good + line + "\n" + "c " + std::string(20, 'c') + "\n");
    EXPECT_NE(why.find("line 2 of list "), std::string::npos) << line << ": " << why;
    EXPECT_NE(why.find(part), std::string::npos) << line << ": " << why;
    EXPECT_EQ(why.find(kOther), std::string::npos) << "tells a token: " << why;
  }
}

TEST(TokenList, HasOneDeviceAtLeastAndNoMoreThanTheBound) {
  EXPECT_NE(WhyNot("").find("lists no device"), std::string::npos);
  EXPECT_NE(WhyNot("# nobody\n").find("lists no device"), std::string::npos);
  std::string text;
  for (size_t i = 0; i < kMostDevices; ++i) {
    text += "d" + std::to_string(i) + " token-of-device-" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(ParseTokenList(text, "list").size(), kMostDevices);
  EXPECT_NE(WhyNot(text + "one-more 0123456789abcdef\n").find("one too many"), std::string::npos);
}

TEST(TokenList, AMissingFileIsNotFound) {
  EXPECT_EQ(CodeOf([] { ReadTokenList("/nonexistent/list"); }), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace shadowtutor::rpc
