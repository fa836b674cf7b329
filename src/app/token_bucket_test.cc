#include "app/token_bucket.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "shadowtutor/types.h"

namespace shadowtutor::app {
namespace {

using Clock = TokenBucket::Clock;
using std::chrono::milliseconds;

TEST(TokenBucket, GivesItsBurstAndThenItsRate) {
  Clock::time_point now{};
  TokenBucket bucket(1000, 100, now);
  EXPECT_EQ(bucket.Available(500, now), 100u);
  bucket.Take(100);
  EXPECT_EQ(bucket.Available(500, now), 0u);
  now += milliseconds(50);
  EXPECT_EQ(bucket.Available(500, now), 50u);
  EXPECT_EQ(bucket.Available(20, now), 20u);
  now += std::chrono::hours(1);
  EXPECT_EQ(bucket.Available(500, now), 100u) << "no more than the burst, however long it rested";
}

TEST(TokenBucket, SaysHowLongToWait) {
  Clock::time_point now{};
  TokenBucket bucket(1000, 100, now);
  EXPECT_EQ(bucket.Until(100, now), Clock::duration::zero());
  bucket.Take(100);
  const auto wait = bucket.Until(30, now);
  EXPECT_NEAR(std::chrono::duration<double>(wait).count(), 0.030, 1e-6);
  EXPECT_EQ(bucket.Available(100, now + wait), 30u);
  EXPECT_LE(bucket.Until(100000, now), milliseconds(101)) << "never more than the burst";
}

// The clock jumps by any length, and as many bytes as allowed are taken each time.
TEST(TokenBucket, KeepsItsRateWhateverTheClockDoes) {
  std::mt19937 random(5);
  for (const double rate : {1e3, 1e6, 11.25e6}) {
    Clock::time_point now{};
    const size_t burst = 4096;
    TokenBucket bucket(rate, burst, now);
    double taken = 0;
    for (int i = 0; i < 20000; ++i) {
      const size_t bytes = bucket.Available(1 + random() % 9000, now);
      bucket.Take(bytes);
      taken += static_cast<double>(bytes);
      const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
      ASSERT_LE(taken, burst + rate * seconds + 1) << rate;
      now += bucket.Until(1 + random() % burst, now);
      if (random() % 8 == 0) now += std::chrono::microseconds(random() % 100);
    }
    // A sender that always has bytes uses nearly the whole rate.
    const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
    EXPECT_GT(taken, 0.9 * rate * seconds) << rate;
  }
}

TEST(TokenBucket, AClockThatStandsOrGoesBackGivesNothing) {
  const Clock::time_point now{std::chrono::hours(1)};
  TokenBucket bucket(1000, 10, now);
  bucket.Take(10);
  EXPECT_EQ(bucket.Available(10, now), 0u);
  EXPECT_EQ(bucket.Available(10, now - std::chrono::seconds(5)), 0u);
  EXPECT_EQ(bucket.Available(10, now + milliseconds(4)), 4u);
}

TEST(TokenBucket, RefusesRatesThatAreNone) {
  EXPECT_THROW(TokenBucket(0, 1, {}), Error);
  EXPECT_THROW(TokenBucket(-1, 1, {}), Error);
  EXPECT_THROW(TokenBucket(NAN, 1, {}), Error);
  EXPECT_THROW(TokenBucket(1, 0, {}), Error);
}

}  // namespace
}  // namespace shadowtutor::app
