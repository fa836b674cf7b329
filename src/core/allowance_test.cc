#include "core/allowance.h"

#include <gtest/gtest.h>

namespace shadowtutor {
namespace {

using namespace std::chrono_literals;

TEST(Allowance, SoManyAtOnceAndThenOneAtATime) {
  Allowance allowance({3, 1000ms});
  auto now = Allowance::Clock::now();
  EXPECT_TRUE(allowance.Full(now));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(allowance.Take(now)) << i;
  EXPECT_FALSE(allowance.Take(now));
  now += 999ms;
  EXPECT_FALSE(allowance.Take(now));
  now += 1ms;
  EXPECT_TRUE(allowance.Take(now));
  EXPECT_FALSE(allowance.Take(now));
  EXPECT_FALSE(allowance.Full(now + 2999ms));
  EXPECT_TRUE(allowance.Full(now + 3000ms));
  now += 1h;  // it does not grow over what it was
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(allowance.Take(now)) << i;
  EXPECT_FALSE(allowance.Take(now));
}

}  // namespace
}  // namespace shadowtutor
