#include "core/float_mode.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/parallel.h"

namespace shadowtutor {
namespace {

#if defined(__x86_64__) || defined(__aarch64__)
constexpr float kFlushed = 0;
#else
constexpr float kFlushed = std::numeric_limits<float>::min() / 2;
#endif

// Half of the smallest normal number, computed now.
float Half() {
  const volatile float smallest = std::numeric_limits<float>::min();
  return smallest / 2;
}

TEST(FloatMode, FlushesSubnormalsInItsScopeOnly) {
  EXPECT_GT(Half(), 0);
  {
    const FloatModeScope flush(FloatMode::OfThisThread().FlushingSubnormals());
    EXPECT_EQ(Half(), kFlushed);
    const FloatModeScope again(FloatMode::OfThisThread().FlushingSubnormals());
    EXPECT_EQ(Half(), kFlushed);
  }
  EXPECT_GT(Half(), 0);
}

TEST(FloatMode, TasksHaveTheModeOfTheirCaller) {
  std::vector<float> halves(1000);
  const auto compute = [&] {
    ParallelFor(static_cast<int>(halves.size()),
                [&](int task) { halves[static_cast<size_t>(task)] = Half(); });
  };
  {
    const FloatModeScope flush(FloatMode::OfThisThread().FlushingSubnormals());
    compute();
    for (const float half : halves) EXPECT_EQ(half, kFlushed);
    // A loop that other tasks than its own may run in while it waits.
    ParallelFor(16, [](int) { ParallelFor(16, [](int) { EXPECT_EQ(Half(), kFlushed); }); });
  }
  compute();
  for (const float half : halves) EXPECT_GT(half, 0);
}

}  // namespace
}  // namespace shadowtutor
