#include "web/dashboard_token.h"

#include <gtest/gtest.h>

#include <string>

namespace shadowtutor::web {
namespace {

using namespace std::chrono_literals;
using Clock = TokenCheck::Clock;

constexpr Clock::time_point kToday{std::chrono::hours(500'000)};

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
  const std::string cookie = check.MakeCookie(kToday);
  EXPECT_EQ(cookie.find("0123456789abcdef"), std::string::npos);
  EXPECT_TRUE(check.IsCookie(cookie, kToday));
  EXPECT_TRUE(check.IsCookie(cookie, kToday + TokenCheck::kCookieFor - 1s));
  EXPECT_FALSE(check.IsCookie(cookie, kToday + TokenCheck::kCookieFor));
  const std::string signature = cookie.substr(cookie.find('.'));
  const auto later = std::to_string((kToday + 9999h).time_since_epoch() / 1s);
  for (const std::string& wrong :
       {std::string(), std::string("."), signature, later + signature, cookie + "0",
        cookie.substr(0, cookie.size() - 1), "-1" + signature, " " + cookie}) {
    EXPECT_FALSE(check.IsCookie(wrong, kToday)) << wrong;
  }
  EXPECT_FALSE(TokenCheck("0123456789abcdef").IsCookie(cookie, kToday)) << "another process's";
  check.Change("fedcba9876543210");
  EXPECT_FALSE(check.IsCookie(cookie, kToday)) << "another token's";
}

}  // namespace
}  // namespace shadowtutor::web
