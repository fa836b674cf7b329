#include "server/busy_meter.h"

#include <gtest/gtest.h>

#include <chrono>

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;
using Clock = BusyMeter::Clock;

constexpr Clock::time_point kStart{1000s};

TEST(BusyMeter, IsTheShareOfTheLastSeconds) {
  BusyMeter meter(kStart);
  EXPECT_EQ(meter.Over(10, kStart), 0);
  meter.Begin(kStart + 2s);
  meter.End(kStart + 7s);
  EXPECT_EQ(meter.Total(kStart + 7s), 5s);
  EXPECT_DOUBLE_EQ(meter.Over(10, kStart + 8s), 5.0 / 8) << "of the time that there was";
  EXPECT_DOUBLE_EQ(meter.Over(10, kStart + 12s), 5.0 / 10);
  EXPECT_DOUBLE_EQ(meter.Over(10, kStart + 15s), 2.0 / 10);
  EXPECT_DOUBLE_EQ(meter.Over(60, kStart + 15s), 5.0 / 15);
  EXPECT_EQ(meter.Over(10, kStart + 1h), 0);
  EXPECT_EQ(meter.Total(kStart + 1h), 5s);
}

TEST(BusyMeter, CountsJobsThatStillRunAndEachOfSeveral) {
  BusyMeter meter(kStart);
  meter.Begin(kStart + 10s);
  meter.Begin(kStart + 15s);
  EXPECT_DOUBLE_EQ(meter.Over(10, kStart + 20s), 1.5);
  EXPECT_DOUBLE_EQ(meter.Over(10, kStart + 100s), 2);
  EXPECT_DOUBLE_EQ(meter.Over(60, kStart + 1000s), 2);
  meter.End(kStart + 1000s);
  EXPECT_DOUBLE_EQ(meter.Over(10, kStart + 1010s), 1);
  EXPECT_EQ(meter.Total(kStart + 1010s), 990s + 985s + 10s);
}

TEST(BusyMeter, PartsOfSecondsAreSpreadEvenly) {
  BusyMeter meter(kStart);
  meter.Begin(kStart + 100ms);
  meter.End(kStart + 600ms);
  EXPECT_NEAR(meter.Over(1, kStart + 1s), 0.5, 1e-9);
  EXPECT_NEAR(meter.Over(1, kStart + 1500ms), 0.25, 1e-9);
  EXPECT_NEAR(meter.Over(1, kStart + 2s), 0, 1e-9);
}

}  // namespace
}  // namespace shadowtutor::server
