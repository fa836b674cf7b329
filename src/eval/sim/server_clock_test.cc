#include "eval/sim/server_clock.h"

#include <gtest/gtest.h>

#include "video/testing/test_files.h"

namespace shadowtutor::eval {
namespace {

using testing::ErrorOf;
using testing::Says;

constexpr double kFramesPerSecond = 25;  // 40 ms from frame to frame

uint64_t InUse(const Timing& timing, uint64_t key_frame, int steps,
               double rate = kFramesPerSecond) {
  ServerClock clock(kDelayAuto, timing, rate);
  clock.Receive(key_frame, 0);
  return clock.Answer(steps, 0);
}

TEST(ServerClock, CountsFramesWhereTheDelayIsInFrames) {
  ServerClock clock(8, {}, 0);
  clock.Receive(5, 1e6);
  EXPECT_EQ(clock.Answer(40, 1e6), 13u);
  EXPECT_EQ(clock.Answer(4, 0), 13u);
  clock.Receive(20, 0);
  EXPECT_EQ(clock.Answer(0, 0), 28u);
}

TEST(ServerClock, AddsUpNetworkTeacherAndSteps) {
  const Timing timing{.network_ms = 20, .teacher_ms = 50, .step_ms = 10};
  EXPECT_EQ(InUse(timing, 0, 0), 2u);  // 70 ms
  EXPECT_EQ(InUse(timing, 0, 1), 2u);  // 80 ms: the very time of frame 2
  EXPECT_EQ(InUse(timing, 0, 2), 3u);  // 90 ms
  EXPECT_EQ(InUse(timing, 100, 4), 103u);
  EXPECT_EQ(InUse(timing, 100, 40), 112u);  // 470 ms
  EXPECT_EQ(InUse(timing, 100, 4, 100), 111u);
}

TEST(ServerClock, TheNextFrameIsTheFirstThatCanUseIt) {
  const Timing nothing{.network_ms = 0, .teacher_ms = 0, .step_ms = 0};
  EXPECT_EQ(InUse(nothing, 7, 8), 8u);
}

TEST(ServerClock, TheServerDoesOneThingAfterTheOther) {
  ServerClock clock(kDelayAuto, {.network_ms = 0, .teacher_ms = 40, .step_ms = 40},
                    kFramesPerSecond);
  clock.Receive(0, 0);
  EXPECT_EQ(clock.Answer(2, 0), 3u);
  EXPECT_EQ(clock.Answer(3, 0), 6u);  // goes on from there
  clock.Receive(4, 0);                // it is busy until frame 6
  EXPECT_EQ(clock.Answer(1, 0), 8u);
  clock.Receive(100, 0);  // and was idle since
  EXPECT_EQ(clock.Answer(1, 0), 102u);
}

TEST(ServerClock, TakesWhatWasMeasuredForWhatIsNotGiven) {
  ServerClock clock(kDelayAuto, {.network_ms = 0, .teacher_ms = {}, .step_ms = {}},
                    kFramesPerSecond);
  clock.Receive(0, 120);
  EXPECT_EQ(clock.Answer(100, 80), 5u);
  ServerClock given(kDelayAuto, {.network_ms = 0, .teacher_ms = 40, .step_ms = {}},
                    kFramesPerSecond);
  given.Receive(0, 120);
  EXPECT_EQ(given.Answer(100, 80), 3u);
}

TEST(ServerClock, NeedsTheRateOnlyForRealTime) {
  EXPECT_TRUE(Says(ErrorOf([] { ServerClock(kDelayAuto, {}, 0); }), "frames per second"));
  EXPECT_NO_THROW(ServerClock(1, {}, 0));
}

TEST(Timing, RefusesTimesThatAreNone) {
  EXPECT_NO_THROW(Validate(Timing{}));
  EXPECT_THROW(Validate(Timing{.network_ms = -1}), Error);
  EXPECT_THROW(Validate(Timing{.teacher_ms = 1e9}), Error);
  EXPECT_TRUE(Says(ErrorOf([] { Validate(Timing{.step_ms = -0.5}); }), "a step"));
  EXPECT_EQ(TimingText({.network_ms = 20, .teacher_ms = 50.5}),
            "network 20, teacher 50.5, step measured");
}

TEST(Delay, IsANumberOfFramesOrAuto) {
  EXPECT_EQ(ParseDelay("8"), 8);
  EXPECT_EQ(ParseDelay("auto"), kDelayAuto);
  EXPECT_EQ(DelayText(ParseDelay("auto")), "auto");
  EXPECT_EQ(DelayText(12), "12");
  for (const char* text : {"", "x", "8x", "-1", " 8", "1.5", "AUTO", "99999999999"}) {
    EXPECT_THROW(ParseDelay(text), Error) << text;
  }
}

}  // namespace
}  // namespace shadowtutor::eval
