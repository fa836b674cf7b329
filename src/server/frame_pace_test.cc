#include "server/frame_pace.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;
using Clock = FramePace::Clock;

double MillisecondsOf(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

TEST(FramePace, IsLearnedFromKeyFrames) {
  FramePace pace;
  Clock::time_point now{};
  EXPECT_NEAR(MillisecondsOf(pace.frame_time()), 33.3, 0.1);
  EXPECT_NEAR(MillisecondsOf(pace.Deadline(8, now) - now), 266.7, 0.1);
  uint64_t index = 0;
  for (const int gap : {0, 24, 8, 64}) {  // at 5 frames a second
    index += static_cast<uint64_t>(gap);
    now += gap * 200ms;
    pace.Came(index, now);
  }
  EXPECT_DOUBLE_EQ(MillisecondsOf(pace.frame_time()), 200);
  EXPECT_EQ(pace.gap(), 64u);
  EXPECT_DOUBLE_EQ(MillisecondsOf(pace.Deadline(8, now) - now), 1600);
}

TEST(FramePace, AWaitAndAPauseDoNotCount) {
  FramePace pace;
  Clock::time_point now{};
  uint64_t index = 0;
  for (int i = 0; i < 8; ++i) {
    pace.Came(index, now);
    index += 8;
    now += 8 * 40ms + (i % 2 == 0 ? 3s : 0s);
  }
  EXPECT_DOUBLE_EQ(MillisecondsOf(pace.frame_time()), 40);
}

TEST(FramePace, IsBoundedWhateverAClientSays) {
  FramePace pace;
  const Clock::time_point start{};
  pace.Came(1, start);
  pace.Came(std::numeric_limits<uint64_t>::max(), start);
  EXPECT_EQ(pace.frame_time(), FramePace::kLeast);
  pace.Came(5, start + 1s);  // backwards
  EXPECT_FALSE(pace.gap());
  FramePace slow;
  slow.Came(0, start);
  slow.Came(1, start + std::chrono::hours(1000));
  EXPECT_EQ(slow.frame_time(), FramePace::kMost);
}

TEST(FramePace, KnowsWhichKeyFramesWereHeldBack) {
  FramePace pace;
  Clock::time_point now{};
  pace.Came(0, now);
  EXPECT_FALSE(pace.held_back());
  pace.Answered(now + 200ms);
  pace.Came(24, now + 800ms);
  EXPECT_FALSE(pace.held_back());
  pace.Answered(now + 2400ms);
  pace.Came(74, now + 2466ms);
  EXPECT_TRUE(pace.held_back());
  pace.Came(98, now + 3266ms);  // there was no answer, but an error
  EXPECT_FALSE(pace.held_back());
}

}  // namespace
}  // namespace shadowtutor::server
