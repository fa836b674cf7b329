#include "server/device.h"

#include <gtest/gtest.h>

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;

const Device::Clock::time_point kNow{std::chrono::hours(1000)};

// How many of `times` frames at one moment are worked on.
int Taken(Device& device, int times, Device::Clock::time_point now, size_t bytes = 100) {
  int taken = 0;
  for (int i = 0; i < times; ++i) taken += !device.TakeFrame(bytes, now);
  return taken;
}

TEST(Device, WithoutLimitsMayEverything) {
  Device device("camera", {});
  EXPECT_EQ(Taken(device, 10'000, kNow, 1 << 20), 10'000);
}

TEST(Device, FramesASecondHoldOverTenSeconds) {
  Device device("camera", {.key_frames_per_second = 2});
  EXPECT_EQ(Taken(device, 50, kNow), 20);
  EXPECT_EQ(Taken(device, 50, kNow + 1s), 2);
  EXPECT_EQ(Taken(device, 50, kNow + 1400ms), 0);
  EXPECT_EQ(Taken(device, 50, kNow + 1500ms), 1);
  EXPECT_EQ(Taken(device, 50, kNow + 1h), 20);
}

TEST(Device, ARareFrameMayComeAtOnce) {
  Device device("camera", {.key_frames_per_second = 0.01});
  EXPECT_EQ(Taken(device, 5, kNow), 1);
  EXPECT_EQ(Taken(device, 5, kNow + 99s), 0);
  EXPECT_EQ(Taken(device, 5, kNow + 100s), 1);
}

TEST(Device, BytesCountInBothDirections) {
  Device device("camera", {.bytes_per_second = 1000});
  EXPECT_FALSE(device.TakeFrame(2000, kNow));
  device.Sent(7000);
  EXPECT_FALSE(device.TakeFrame(2000, kNow)) << "1000 of 10000 were left";
  const auto error = device.TakeFrame(1000, kNow + 1s);  // 1000 less than nothing, and 1000 more
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ErrorCode::kResourceExhausted);
  EXPECT_NE(std::string(error->what()).find("\"camera\" may use 1000 bytes a second"),
            std::string::npos)
      << error->what();
  // What was refused has crossed the network, too.
  EXPECT_TRUE(device.TakeFrame(0, kNow + 2s));
  EXPECT_FALSE(device.TakeFrame(0, kNow + 3s));
}

TEST(Device, ASingleFrameMayBeLargerThanTenSecondsAllow) {
  Device device("camera", {.bytes_per_second = 10});
  EXPECT_FALSE(device.TakeFrame(10'000, kNow));
  EXPECT_TRUE(device.TakeFrame(1, kNow + 900s));
  EXPECT_FALSE(device.TakeFrame(1, kNow + 1000s));
}

TEST(Device, WhatIsRefusedIsForgivenInTenSeconds) {
  Device device("camera", {.bytes_per_second = 1000});
  EXPECT_FALSE(device.TakeFrame(10'000, kNow));
  EXPECT_EQ(Taken(device, 1000, kNow, 10'000), 0);
  EXPECT_TRUE(device.TakeFrame(0, kNow + 9s));
  EXPECT_FALSE(device.TakeFrame(0, kNow + 11s));
}

TEST(Device, OtherLimitsHoldFromNowOn) {
  Device device("camera", {.key_frames_per_second = 0.1});
  EXPECT_EQ(Taken(device, 5, kNow), 1);
  device.SetLimits({.key_frames_per_second = 10});
  EXPECT_EQ(Taken(device, 50, kNow + 1s), 10);
  device.SetLimits({});
  EXPECT_EQ(Taken(device, 500, kNow + 1s), 500);
  device.Sent(1 << 30);
  device.SetLimits({.key_frames_per_second = 2, .bytes_per_second = 1000});
  EXPECT_EQ(Taken(device, 50, kNow + 1s), 20) << "what it used before does not count";
}

TEST(Device, SaysWhatItMay) {
  Device device("front door", {.key_frames_per_second = 0.5});
  EXPECT_FALSE(device.TakeFrame(1, kNow));
  while (!device.TakeFrame(1, kNow)) {
  }
  EXPECT_NE(std::string(device.TakeFrame(1, kNow)->what()).find("0.5 frames a second"),
            std::string::npos);
}

}  // namespace
}  // namespace shadowtutor::server
