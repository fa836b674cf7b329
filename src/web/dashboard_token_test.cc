#include "web/dashboard_token.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/atomic_file.h"
#include "core/testing/code_of.h"
#include "video/testing/test_files.h"

namespace shadowtutor::web {
namespace {

using namespace std::chrono_literals;
using shadowtutor::testing::TemporaryFolder;
using Clock = TokenCheck::Clock;

constexpr Clock::time_point kNow{std::chrono::hours(500'000)};

TEST(DashboardToken, IsTheOnlyLineOfAFile) {
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

TEST(DashboardToken, WarnsOfFilesThatAreOpenToAll) {
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

TEST(DashboardToken, KnowsItselfAlone) {
  TokenCheck check("0123456789abcdef");
  EXPECT_TRUE(check.IsToken("0123456789abcdef"));
  for (const char* wrong : {"", "0123456789abcdeF", "0123456789abcde", "0123456789abcdef0"}) {
    EXPECT_FALSE(check.IsToken(wrong)) << wrong;
  }
  check.Change("fedcba9876543210");
  EXPECT_FALSE(check.IsToken("0123456789abcdef"));
  EXPECT_TRUE(check.IsToken("fedcba9876543210"));
}

TEST(DashboardToken, ACookieStandsForItForAWhile) {
  TokenCheck check("0123456789abcdef");
  const std::string cookie = check.MakeCookie(kNow);
  EXPECT_EQ(cookie.find("0123456789abcdef"), std::string::npos);
  EXPECT_TRUE(check.IsCookie(cookie, kNow));
  EXPECT_TRUE(check.IsCookie(cookie, kNow + TokenCheck::kCookieFor - 1s));
  EXPECT_FALSE(check.IsCookie(cookie, kNow + TokenCheck::kCookieFor));
  const std::string signature = cookie.substr(cookie.find('.'));
  const auto later = std::to_string((kNow + 9999h).time_since_epoch() / 1s);
  for (const std::string& wrong :
       {std::string(), std::string("."), signature, later + signature, cookie + "0",
        cookie.substr(0, cookie.size() - 1), "-1" + signature, " " + cookie}) {
    EXPECT_FALSE(check.IsCookie(wrong, kNow)) << wrong;
  }
  EXPECT_FALSE(TokenCheck("0123456789abcdef").IsCookie(cookie, kNow)) << "another process's";
  check.Change("fedcba9876543210");
  EXPECT_FALSE(check.IsCookie(cookie, kNow)) << "another token's";
}

}  // namespace
}  // namespace shadowtutor::web
