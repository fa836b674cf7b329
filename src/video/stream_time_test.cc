#include "video/stream_time.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

namespace shadowtutor::video::internal {
namespace {

using Point = std::chrono::steady_clock::time_point;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

Point At(double seconds) {
  return Point(std::chrono::duration_cast<Point::duration>(std::chrono::duration<double>(seconds)));
}

TEST(StreamTime, IsTheMediaTimeOfTheFirstConnection) {
  StreamTime time;
  EXPECT_DOUBLE_EQ(time.Of(0.2, At(100)), 0.2);
  EXPECT_DOUBLE_EQ(time.Of(0.24, At(100.5)), 0.24) << "when it arrives does not matter";
  EXPECT_DOUBLE_EQ(time.Of(5.24, At(100.5)), 5.24) << "frames may come in a burst";
  EXPECT_DOUBLE_EQ(time.Of(5.28, At(160)), 5.28) << "or after a wait for the network";
}

TEST(StreamTime, GoesOnOverLostConnections) {
  StreamTime time;
  EXPECT_DOUBLE_EQ(time.Of(0, At(100)), 0);
  EXPECT_DOUBLE_EQ(time.Of(0.04, At(100.04)), 0.04);
  time.Reconnected();
  EXPECT_DOUBLE_EQ(time.Of(0, At(103.04)), 3.04) << "three seconds have passed";
  EXPECT_NEAR(time.Of(0.04, At(103.08)), 3.08, 1e-9);
  time.Reconnected();
  EXPECT_DOUBLE_EQ(time.Of(1000, At(104.08)), 4.08);
  EXPECT_NEAR(time.Of(1000.04, At(104.12)), 4.12, 1e-9);
}

TEST(StreamTime, AlwaysIncreases) {
  StreamTime time;
  EXPECT_DOUBLE_EQ(time.Of(7, At(100)), 7);
  EXPECT_DOUBLE_EQ(time.Of(7, At(100.5)), 7.5) << "it stands still";
  EXPECT_DOUBLE_EQ(time.Of(3, At(101)), 8) << "it goes back";
  EXPECT_DOUBLE_EQ(time.Of(3.25, At(102)), 8.25);
  EXPECT_DOUBLE_EQ(time.Of(1.7e9, At(103)), 9.25) << "the camera has set its clock";
  EXPECT_GT(time.Of(0, At(103)), 9.25);
}

TEST(StreamTime, FollowsTheClockWhereTheMediaTimeIsUnknown) {
  StreamTime time;
  EXPECT_DOUBLE_EQ(time.Of(kUnknown, At(100)), 0);
  EXPECT_DOUBLE_EQ(time.Of(kUnknown, At(101)), 1);
  EXPECT_DOUBLE_EQ(time.Of(50, At(102)), 2);
  EXPECT_DOUBLE_EQ(time.Of(50.5, At(103)), 2.5);
}

}  // namespace
}  // namespace shadowtutor::video::internal
