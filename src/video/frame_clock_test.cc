#include "video/frame_clock.h"

#include <gtest/gtest.h>

#include <limits>

namespace shadowtutor::video::internal {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

TEST(FrameClock, CountsFromTheFirstTime) {
  FrameClock clock(1000, 25);
  EXPECT_EQ(clock.Tick(3, 0), 0);
  EXPECT_EQ(clock.Tick(3.5, 1), 500);
  EXPECT_EQ(clock.Tick(63.25, 2), 60250);
}

TEST(FrameClock, TakesTheRateWhereTimesAreNotKnown) {
  FrameClock clock(1000, 20);
  EXPECT_EQ(clock.Tick(kUnknown, 7), 0);
  EXPECT_EQ(clock.Tick(kUnknown, 8), 50);
  EXPECT_EQ(clock.Tick(kUnknown, 10), 150) << "a frame was left out";
  EXPECT_EQ(clock.Tick(100, 11), 200) << "the first time that is known";
  EXPECT_EQ(clock.Tick(kUnknown, 12), 250);
  EXPECT_EQ(clock.Tick(100.2, 13), 400) << "counts from the known one";
}

TEST(FrameClock, ALongGapInFineTicksBeginsANewTimeline) {
  FrameClock clock(90'000, 25);  // 30000 s would be more than 2^31 ticks
  EXPECT_EQ(clock.Tick(0, 0), 0);
  EXPECT_EQ(clock.Tick(30'000, 1), 3600);
  EXPECT_EQ(clock.Tick(30'000.04, 2), 7200);
}

TEST(FrameClock, AlwaysRises) {
  FrameClock clock(1000, 25);
  EXPECT_EQ(clock.Tick(0, 0), 0);
  EXPECT_EQ(clock.Tick(0, 1), 1);
  EXPECT_EQ(clock.Tick(1, 2), 1000);
  EXPECT_EQ(clock.Tick(0.5, 3), 1001);
  EXPECT_EQ(clock.Tick(1.1, 4), 1100);
  EXPECT_EQ(clock.Tick(1.1001, 5), 1101) << "closer than a tick";
  EXPECT_EQ(clock.Tick(-50, 6), 1140) << "a new timeline";
  EXPECT_EQ(clock.Tick(-49, 7), 2140);
  EXPECT_EQ(clock.Tick(1e9, 8), 2180) << "another one";
  EXPECT_EQ(clock.Tick(std::numeric_limits<double>::infinity(), 9), 2220);
}

}  // namespace
}  // namespace shadowtutor::video::internal
