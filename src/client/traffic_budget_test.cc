#include "client/traffic_budget.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::client {
namespace {

using std::chrono::milliseconds;

// A client that would send a key frame with every frame, 30 times a second for two minutes. Returns
// the most bytes in any window, and the number of key frames.
struct Outcome {
  uint64_t most_up = 0, most_down = 0, most_both = 0;
  int key_frames = 0;
};
Outcome Drive(const BudgetOptions& options, uint64_t first_up, uint64_t most_up,
              uint64_t most_down) {
  TrafficBudget budget(options);
  std::mt19937 random(1);
  const TrafficBudget::Clock::time_point start{};
  struct Sent {
    int64_t ms;
    uint64_t up, down;
  };
  std::vector<Sent> log;
  uint64_t up = 0, down = 0;
  Outcome outcome;
  for (int64_t ms = 0; ms < 120'000; ms += 33) {
    const auto now = start + milliseconds(ms);
    budget.Note(up, down, now);
    if (!budget.Allows(now)) continue;
    budget.Sent();
    const uint64_t more_up = log.empty() ? first_up : most_up - random() % (most_up / 4);
    const uint64_t more_down = most_down - random() % (most_down / 4);
    up += more_up;
    down += more_down;
    log.push_back({ms, more_up, more_down});
    ++outcome.key_frames;
  }
  for (size_t i = 0; i < log.size(); ++i) {
    uint64_t window_up = 0, window_down = 0;
    for (size_t k = i; k < log.size() && log[k].ms < log[i].ms + 10'000; ++k) {
      window_up += log[k].up;
      window_down += log[k].down;
    }
    outcome.most_up = std::max(outcome.most_up, window_up);
    outcome.most_down = std::max(outcome.most_down, window_down);
    outcome.most_both = std::max(outcome.most_both, window_up + window_down);
  }
  return outcome;
}

TEST(TrafficBudget, HoldsOverAnyTenSeconds) {
  const Outcome both = Drive({.both = 50}, 30'000, 6'000, 8'000);  // 62,500 bytes
  EXPECT_LE(both.most_both, 62'500u);
  EXPECT_GT(both.key_frames, 40);
  const Outcome up = Drive({.up = 20}, 12'000, 6'000, 8'000);
  EXPECT_LE(up.most_up, 25'000u);
  EXPECT_GT(up.key_frames, 24);
  const Outcome down = Drive({.down = 20}, 90'000, 6'000, 8'000);
  EXPECT_LE(down.most_down, 25'000u);
}

TEST(TrafficBudget, ALargeFirstKeyFrameIsNoMeasureForTheOthers) {
  const BudgetOptions options{.both = 50};  // 62,500 bytes in 10 s
  const KeyFrameBytes expected{.predicted = 8'000, .first = 30'000};
  TrafficBudget budget(options);
  TrafficBudget::Clock::time_point now{};
  ASSERT_TRUE(budget.Allows(now, expected, true));
  budget.Sent(expected, true);
  budget.Note(30'000, 5'000, now += milliseconds(100));
  // As large again, and an update, would not fit; one that is predicted does.
  EXPECT_FALSE(budget.Allows(now, expected, true));
  EXPECT_TRUE(budget.Allows(now, expected, false));
  budget.Sent(expected, false);
  budget.Note(37'000, 10'000, now += milliseconds(100));
  EXPECT_FALSE(budget.Allows(now, expected, false)) << "47,000 and 16,250";
  EXPECT_TRUE(budget.Allows(now + std::chrono::seconds(10), expected, true));
}

TEST(TrafficBudget, WithoutBoundsAllowsAll) {
  EXPECT_EQ(Drive({}, 90'000, 6'000, 8'000).key_frames, 120'000 / 33 + 1);
  EXPECT_FALSE(BudgetOptions{}.any());
  EXPECT_EQ(BudgetOptions{}.WindowUp(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ((BudgetOptions{.both = 80, .up = 40}.WindowUp()), 50'000u);
}

TEST(TrafficBudget, RefusesBoundsThatAreNone) {
  EXPECT_THROW(TrafficBudget({.both = -1}), Error);
  EXPECT_THROW(TrafficBudget({.up = std::numeric_limits<double>::quiet_NaN()}), Error);
}

TEST(TrafficBudget, SaysWhatAKeyFrameMayTake) {
  EXPECT_EQ(BudgetOptions{}.LaterKeyFrameBytes(), std::numeric_limits<int>::max());
  EXPECT_EQ((BudgetOptions{.up = 52}.LaterKeyFrameBytes()), 5000);  // 65 kB for 13
  EXPECT_EQ((BudgetOptions{.both = 52}.LaterKeyFrameBytes()), 2500);
  EXPECT_EQ((BudgetOptions{.both = 520, .up = 52}.LaterKeyFrameBytes()), 5000);
  EXPECT_EQ((BudgetOptions{.both = 1}.LaterKeyFrameBytes()), 500);
}

}  // namespace
}  // namespace shadowtutor::client
