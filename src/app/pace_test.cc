#include "app/pace.h"

#include <gtest/gtest.h>

#include <cmath>

namespace shadowtutor::app {
namespace {

TEST(Pace, WithoutAPeriodNothingIsStretched) {
  Pace pace(0);
  pace.FrameBegins();
  int asked = 0;
  const double own = pace.FrameEnds(0, [&] { return ++asked > 0; });
  EXPECT_GE(own, 0);
  EXPECT_EQ(asked, 0) << "it did not sleep";
}

TEST(Pace, StretchesAFrameToItsPeriodUnlessStopped) {
  Pace pace(200);
  pace.FrameBegins();
  EXPECT_GE(pace.FrameEnds(0, {}), 5);
  Pace slow(0.01);  // 100 s
  slow.FrameBegins();
  EXPECT_LT(slow.FrameEnds(0, [] { return true; }), 50'000);
}

TEST(Pace, WaitingIsNotTheDevicesOwnTime) {
  Pace pace(0);
  pace.FrameBegins();
  EXPECT_LT(pace.FrameEnds(60'000, {}), 0) << "the time waited is taken off";
}

TEST(Pace, RefusesRatesThatAreNone) {
  EXPECT_THROW(Pace(-1), Error);
  EXPECT_THROW(Pace(NAN), Error);
}

TEST(Pace, TotalsAreTheSmallerOfWhatIsKnown) {
  EXPECT_EQ(TotalFrames(-1, -1), -1);
  EXPECT_EQ(TotalFrames(-1, 10), 10);
  EXPECT_EQ(TotalFrames(5, -1), 5);
  EXPECT_EQ(TotalFrames(5, 10), 5);
  EXPECT_EQ(TotalFrames(50, 10), 10);
}

}  // namespace
}  // namespace shadowtutor::app
