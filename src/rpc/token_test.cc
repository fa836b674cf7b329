#include "rpc/token.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"
#include "video/testing/test_files.h"

namespace shadowtutor::rpc {
namespace {

using shadowtutor::testing::TemporaryFolder;

TEST(Token, IsTheOnlyLineOfAFile) {
  const TemporaryFolder folder;
  const auto read = [&](std::string_view text) {
    WriteFileAtomically(folder / "token", text, false);
    return ReadToken(folder / "token");
  };
  EXPECT_EQ(read("0123456789abcdef\n"), "0123456789abcdef");
  EXPECT_EQ(read("a+/=~!#0123456789 \r\n"), "a+/=~!#0123456789");
  for (const std::string& wrong :
       {std::string(), std::string("\n"), std::string("0123456789abcde\n"), std::string(257, 'x'),
        std::string("0123456789 abcdef"), std::string("0123456789abcdef\n0123456789abcdef\n"),
        std::string("0123456789abcdef\0x", 18), std::string("0123456789abcde\xc3\xa4")}) {
    EXPECT_THROW(read(wrong), Error) << wrong;
  }
  try {
    ReadToken(folder / "nothing");
    ADD_FAILURE() << "read what is not there";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
}

TEST(Token, WarnsOfFilesThatAreOpenToAll) {
  namespace fs = std::filesystem;
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "token", std::string_view("0123456789abcdef"), false);
  fs::permissions(folder / "token", fs::perms(0640));
  EXPECT_FALSE(TokenFileWarning(folder / "token"));
  fs::permissions(folder / "token", fs::perms(0644));
  EXPECT_TRUE(TokenFileWarning(folder / "token"));
  fs::permissions(folder / "token", fs::perms(0642));
  EXPECT_TRUE(TokenFileWarning(folder / "token"));
  EXPECT_FALSE(TokenFileWarning(folder / "nothing"));
}

TEST(Token, ItsDigestIsSha256) {
  const TokenDigest digest = DigestOf("abc");  // the example of FIPS 180
  EXPECT_EQ(digest[0], 0xba);
  EXPECT_EQ(digest[1], 0x78);
  EXPECT_EQ(digest[31], 0xad);
  EXPECT_TRUE(Same(digest, DigestOf("abc")));
  EXPECT_FALSE(Same(digest, DigestOf("abd")));
}

}  // namespace
}  // namespace shadowtutor::rpc
