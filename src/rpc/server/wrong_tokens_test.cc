#include "rpc/server/wrong_tokens.h"

#include <gtest/gtest.h>

namespace shadowtutor::rpc {
namespace {

using namespace std::chrono_literals;

constexpr WrongTokens::Time kBegin = std::chrono::hours(1000);

TEST(WrongTokens, MakeAnAddressWaitLongerAndLonger) {
  WrongTokens wrong;
  wrong.Failed("a", 1, kBegin);
  wrong.Failed("a", 2, kBegin);
  EXPECT_FALSE(wrong.Wait("a", kBegin));
  wrong.Failed("a", 3, kBegin);
  EXPECT_EQ(wrong.Wait("a", kBegin), 1s);
  EXPECT_FALSE(wrong.Wait("a", kBegin + 1s));
  EXPECT_FALSE(wrong.Wait("b", kBegin)) << "of another address";
  wrong.Failed("a", 4, kBegin + 1s);
  EXPECT_EQ(wrong.Wait("a", kBegin + 1s), 2s);
  EXPECT_EQ(wrong.Wait("a", kBegin + 2500ms), 1s);
  for (uint64_t i = 5; i < 100; ++i) wrong.Failed("a", i, kBegin + 5s);
  EXPECT_EQ(wrong.Wait("a", kBegin + 5s), WrongTokens::kLongestWait);
}

TEST(WrongTokens, TheSameOneAgainIsNoGuess) {
  WrongTokens wrong;
  for (int i = 0; i < 1000; ++i) wrong.Failed("a", 7, kBegin);
  wrong.Failed("a", 8, kBegin);
  EXPECT_FALSE(wrong.Wait("a", kBegin));
  wrong.Failed("a", 9, kBegin);
  EXPECT_TRUE(wrong.Wait("a", kBegin));
}

TEST(WrongTokens, CountEachWhereTheyAreNotToldApart) {
  WrongTokens wrong;
  for (int i = 0; i < WrongTokens::kFree; ++i) wrong.Failed("a", std::nullopt, kBegin);
  EXPECT_EQ(wrong.Wait("a", kBegin), 1s);
  wrong.Forget("a");
  EXPECT_FALSE(wrong.Wait("a", kBegin));
}

TEST(WrongTokens, AreForgottenInTime) {
  WrongTokens wrong;
  for (uint64_t i = 0; i < 10; ++i) wrong.Failed("a", i, kBegin);
  const auto later = kBegin + WrongTokens::kForgetAfter + 1s;
  wrong.Failed("a", 20, later);
  wrong.Failed("a", 21, later);
  EXPECT_FALSE(wrong.Wait("a", later));
}

TEST(WrongTokens, AddressesAreBounded) {
  WrongTokens wrong;
  for (uint64_t i = 0; i < 10; ++i) wrong.Failed("a", i, kBegin);
  for (size_t i = 0; i + 1 < WrongTokens::kMostAddresses; ++i) {
    wrong.Failed(std::to_string(i), 1, kBegin);
  }
  EXPECT_TRUE(wrong.Wait("a", kBegin));
  wrong.Failed("one more", 1, kBegin);
  EXPECT_FALSE(wrong.Wait("a", kBegin))
      << "all are forgotten rather than remembered without a bound";
}

}  // namespace
}  // namespace shadowtutor::rpc
