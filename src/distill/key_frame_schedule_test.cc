#include "distill/key_frame_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "distill/scene_change.h"
#include "distill/shown_classes.h"

namespace shadowtutor::distill {
namespace {

constexpr int kSide = 64;  // 16 blocks

// A grey frame whose first `changed` of 16 blocks are white.
Image Picture(int changed, uint8_t grey = 100) {
  Image frame(kSide, kSide);
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const bool white = (y / 16) * 4 + x / 16 < changed;
      std::fill_n(frame.row(y) + 3 * x, 3, white ? 255 : grey);
    }
  }
  return frame;
}

TEST(SceneChange, IsTheShareOfBlocksThatDiffer) {
  SceneChange change;
  EXPECT_EQ(change.Share(Picture(0)), 1) << "there is no reference yet";
  change.SetReference(Picture(0));
  EXPECT_EQ(change.Share(Picture(0)), 0);
  EXPECT_EQ(change.Share(Picture(4)), 0.25);
  EXPECT_EQ(change.Share(Picture(16)), 1);
  EXPECT_EQ(change.Share(Picture(0, 115)), 0) << "15 grey levels are not enough";
  EXPECT_EQ(change.Share(Picture(0, 116)), 1);
  EXPECT_EQ(change.Share(Picture(0, 84)), 1);
  change.SetReference(Picture(4));
  EXPECT_EQ(change.Share(Picture(0)), 0.25);
}

TEST(SceneChange, OneChannelIsEnoughAndOneBrightPixelIsNot) {
  SceneChange change;
  change.SetReference(Picture(0));
  Image red = Picture(0);
  for (int i = 0; i < 16 * kSide; ++i) red.bytes()[static_cast<size_t>(i) * 3 + 2] = 130;
  EXPECT_EQ(change.Share(red), 0.25);
  Image spot = Picture(0);
  std::fill_n(spot.row(0), 3, 255);
  EXPECT_EQ(change.Share(spot), 0);
}

TEST(SceneChange, AnotherSizeIsAnotherScene) {
  SceneChange change;
  change.SetReference(Picture(0));
  EXPECT_EQ(change.Share(Image(kSide, kSide / 2)), 1);
  // Smaller than a block, and not a multiple of one.
  for (const FrameSize size : {FrameSize{5, 3}, FrameSize{70, 17}, FrameSize{1, 1}}) {
    const Image frame(size.width, size.height);
    change.SetReference(frame);
    EXPECT_EQ(change.Share(frame), 0);
  }
}

// The frames that are key frames when every key frame is answered with `metric` at once.
std::vector<int> KeyFrames(KeyFrameSchedule& schedule, int frames, double metric,
                           const std::function<Image(int)>& picture) {
  std::vector<int> keys;
  for (int i = 0; i < frames; ++i) {
    const Image frame = picture(i);
    if (schedule.Due(frame)) {
      schedule.Sent(frame);
      schedule.Answered(metric);
      keys.push_back(i);
    }
    schedule.Advance();
  }
  return keys;
}

TEST(KeyFrameSchedule, ByTheMetricIsAlgorithm2) {
  KeyFrameSchedule schedule({.stride = {0.8, 8, 64}});
  // At a metric of 0.9 the stride grows by just under a half, rounded down: 11, 16, 23, 34, 50.
  EXPECT_EQ(KeyFrames(schedule, 130, 0.9, [](int) { return Picture(0); }),
            (std::vector{0, 11, 27, 50, 84}));
  EXPECT_EQ(schedule.stride(), 50);
}

ScheduleOptions ByChange() {
  return {
      .trigger = Trigger::kChange, .stride = {0.8, 8, 64}, .rate = 0.25, .burst = 4, .start = 2};
}

TEST(KeyFrameSchedule, AStillPictureHasKeyFramesAtTheLargestStride) {
  KeyFrameSchedule schedule(ByChange());
  EXPECT_EQ(KeyFrames(schedule, 200, 0, [](int) { return Picture(0); }),
            (std::vector{0, 64, 128, 192}));
  EXPECT_EQ(schedule.stride(), 64);
}

TEST(KeyFrameSchedule, AChangeCallsAKeyFrameEarlyButNotBeforeTheLeastStride) {
  KeyFrameSchedule schedule(ByChange());
  const auto keys = KeyFrames(schedule, 60, 0, [](int i) {
    return Picture(i < 3 ? 0 : i < 30 ? 4 : 8);
  });
  EXPECT_EQ(keys, (std::vector{0, 8, 30}));
  EXPECT_EQ(schedule.stride(), 22);
}

TEST(KeyFrameSchedule, WhatIsLessThanUsualCallsNone) {
  KeyFrameSchedule schedule(ByChange());
  // Half of the picture changes from key frame to key frame, every 10 frames.
  const auto lively = KeyFrames(schedule, 100, 0, [](int i) { return Picture(i / 10 % 2 * 8); });
  EXPECT_EQ(lively.size(), 10u);
  // Now a quarter: that is no reason any more, but the largest stride is.
  const auto calm = KeyFrames(schedule, 70, 0, [](int) { return Picture(12); });
  EXPECT_EQ(calm, std::vector{54});
}

TEST(KeyFrameSchedule, ChangesCannotSpendMoreThanTheirRate) {
  ScheduleOptions options = ByChange();
  options.rate = 0.05;
  KeyFrameSchedule schedule(options);
  // More of the picture changes with every frame.
  int level = 0;
  const auto keys = KeyFrames(schedule, 1000, 0, [&](int) {
    level = (level + 40) % 256;
    return Picture(0, static_cast<uint8_t>(level));
  });
  EXPECT_LE(keys.size(), 1000 * 0.05 + options.start + 1);
  EXPECT_GE(keys.size(), 1000 * 0.05 - 3);
}

TEST(KeyFrameSchedule, ALeastStrideHoldsForBothTriggersAndUpToTheLargest) {
  // Another picture every 10 frames.
  const auto picture = [](int i) {
    return Picture(0, static_cast<uint8_t>(50 + i / 10 % 3 * 100));
  };
  for (const Trigger trigger : {Trigger::kMetric, Trigger::kChange}) {
    ScheduleOptions options = ByChange();
    options.trigger = trigger;
    KeyFrameSchedule schedule(options);
    schedule.SetLeastStride(20);
    EXPECT_EQ(schedule.LeastStride(), 20);
    EXPECT_EQ(KeyFrames(schedule, 70, 0.1, picture), (std::vector{0, 20, 40, 60}));
    schedule.SetLeastStride(1000);
    EXPECT_EQ(schedule.LeastStride(), 64);
    schedule.SetLeastStride(3);
    EXPECT_EQ(schedule.LeastStride(), 8) << "it does not shorten strides";
    schedule.SetLeastStride(20);
    schedule.Restart(options);
    EXPECT_EQ(schedule.LeastStride(), 8);
  }
}

TEST(KeyFrameSchedule, ALostConnectionMakesTheNextFrameDueWhateverElseHolds) {
  for (const Trigger trigger : {Trigger::kMetric, Trigger::kChange}) {
    ScheduleOptions options = ByChange();
    options.trigger = trigger;
    options.start = 0;
    KeyFrameSchedule schedule(options);
    const Image frame = Picture(0);
    EXPECT_TRUE(schedule.Due(frame));
    schedule.Sent(frame);
    schedule.Advance();
    EXPECT_EQ(schedule.step(), 1);
    EXPECT_FALSE(schedule.Due(frame));
    schedule.DueAtOnce();
    EXPECT_TRUE(schedule.Due(frame));
    EXPECT_TRUE(schedule.Due(frame)) << "until one was sent";
    schedule.Sent(frame);
    EXPECT_FALSE(schedule.Due(frame));
    schedule.Restart(options);
    EXPECT_TRUE(schedule.Due(frame));
  }
}

TEST(KeyFrameSchedule, TriggersHaveNames) {
  EXPECT_EQ(ParseTrigger(NameOf(Trigger::kChange)), Trigger::kChange);
  EXPECT_EQ(ParseTrigger(NameOf(Trigger::kMetric)), Trigger::kMetric);
  EXPECT_THROW(ParseTrigger("none"), Error);
}

TEST(ShownClasses, AreThoseOfTheLastLabels) {
  const auto label = [](uint8_t value) {
    LabelMap map(2, 1, 0);
    map.at(1, 0) = value;
    return map;
  };
  ShownClasses two(2);
  EXPECT_EQ(two.After(label(3)), (std::vector<uint8_t>{0, 3}));
  EXPECT_EQ(two.After(label(5)), (std::vector<uint8_t>{0, 3, 5}));
  EXPECT_EQ(two.After(label(254)), (std::vector<uint8_t>{0, 5, 254}));
  ShownClasses all(0);
  EXPECT_EQ(all.After(label(3)), std::vector<uint8_t>());
}

}  // namespace
}  // namespace shadowtutor::distill
