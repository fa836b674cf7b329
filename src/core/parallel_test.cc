// Built for each way of running loops; see CMakeLists.txt.
#include "core/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/testing/needs_threads.h"
#include "shadowtutor/types.h"

namespace shadowtutor {
namespace {

TEST(ParallelFor, RunsEveryTaskOnce) {
  std::vector<std::atomic<int>> runs(1000);
  ParallelFor(1000, [&](int task) { ++runs[task]; });
  for (const auto& run : runs) EXPECT_EQ(run, 1);
  ParallelFor(0, [](int) { ADD_FAILURE() << "there is no task"; });
  ParallelFor(-1, [](int) { ADD_FAILURE() << "there is no task"; });
}

TEST(ParallelFor, NestsAndPassesExceptionsOn) {
  std::atomic<int> sum = 0;
  ParallelFor(8, [&](int) { ParallelFor(8, [&](int inner) { sum += inner; }); });
  EXPECT_EQ(sum, 8 * 28);
  EXPECT_THROW(ParallelFor(4,
                           [](int task) {
                             if (task == 2) throw Error(ErrorCode::kInternal, "two");
                           }),
               Error);
}

TEST(ParallelFor, AnExceptionEndsItsLoopsAndNoOther) {
  // Through two loops, from whichever thread has the task.
  for (int time = 0; time < 50; ++time) {
    const auto over = std::make_shared<std::atomic<bool>>(false);
    try {
      ParallelFor(16, [&, over](int outer) {
        ParallelFor(16, [&, over](int inner) {
          EXPECT_FALSE(*over) << "a task runs after its loop has ended";
          const bool last = outer == 15 && inner == 15;
          if (last) throw std::runtime_error("the last");
        });
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(std::string(error.what()), "the last");
    }
    *over = true;
    std::atomic<int> sum = 0;
    ParallelFor(100, [&](int task) { sum += task; });
    EXPECT_EQ(sum, 4950);
  }
}

TEST(ParallelFor, HasManyCallersAtATime) {
  ST_NEEDS_THREADS();
  std::vector<std::thread> callers;
  std::array<long, 4> sums{};
  for (size_t caller = 0; caller < sums.size(); ++caller) {
    callers.emplace_back([&sum = sums[caller]] {
      for (int time = 0; time < 200; ++time) {
        std::array<std::array<int, 8>, 8> products{};
        ParallelFor(8, [&](int i) { ParallelFor(8, [&](int k) { products[i][k] = i * k; }); });
        for (const auto& row : products) {
          for (const int product : row) sum += product;
        }
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const long sum : sums) EXPECT_EQ(sum, 200 * 28 * 28);
}

TEST(ThreadSlot, IsNoOtherThreadsInTheSameLoop) {
  const auto slots = static_cast<size_t>(ThreadSlots());
  ASSERT_GE(ThreadSlots(), MaxThreads());
  std::vector<std::atomic<int>> users(slots);
  const auto use = [&] {
    const auto slot = static_cast<size_t>(ThreadSlot());
    ASSERT_LT(slot, slots);
    EXPECT_EQ(users[slot]++, 0);
    std::this_thread::yield();
    --users[slot];
  };
  for (int time = 0; time < 20; ++time) {
    ParallelFor(200, [&](int) { use(); });
    // A loop of one task in a task runs where that runs.
    ParallelFor(200, [&](int) { ParallelFor(1, [&](int) { use(); }); });
    ParallelFor(200, [&](int) {
      const SerialScope serial;
      ParallelFor(2, [&](int) { use(); });
    });
  }
}

TEST(SerialScope, KeepsLoopsOnItsThread) {
  ParallelFor(20, [](int) {
    const SerialScope serial;
    EXPECT_EQ(MaxThreads(), 1);
    const auto here = std::this_thread::get_id();
    const int slot = ThreadSlot();
    ParallelFor(20, [&](int) {
      EXPECT_EQ(std::this_thread::get_id(), here);
      EXPECT_EQ(ThreadSlot(), slot);
    });
  });
}

TEST(ThreadLimit, HoldsWhileItLives) {
  const int before = MaxThreads();
  {
    ThreadLimit limit(1);
    EXPECT_EQ(MaxThreads(), 1);
  }
  EXPECT_EQ(MaxThreads(), before);
}

TEST(ThreadLimit, TheLowestCountsInAnyOrder) {
  const int before = MaxThreads();
  auto one = std::make_unique<ThreadLimit>(1);
  auto another = std::make_unique<ThreadLimit>(1);
  const ThreadLimit none(0);
  auto more = std::make_unique<ThreadLimit>(1000);
  EXPECT_EQ(MaxThreads(), 1);
  one.reset();
  EXPECT_EQ(MaxThreads(), 1);
  another.reset();
  more.reset();
  EXPECT_EQ(MaxThreads(), before);
}

TEST(ComputingThread, ShareTheThreads) {
  const ThreadLimit four(4);
  const int most = MaxThreads();  // less on a machine with less cores
  const auto left = [&](int computing) { return std::max(1, most - computing + 1); };
  const ComputingThread one;
  EXPECT_EQ(MaxThreads(), most) << "who computes alone has all of them";
  {
    const ComputingThread two;
    EXPECT_EQ(MaxThreads(), left(2));
    auto three = std::make_unique<ComputingThread>();
    auto many = std::make_unique<std::array<ComputingThread, 5>>();
    EXPECT_EQ(MaxThreads(), 1);
    many.reset();
    EXPECT_EQ(MaxThreads(), left(3));
    std::atomic<int> sum = 0;
    ParallelFor(100, [&](int task) { sum += task; });
    EXPECT_EQ(sum, 4950);
  }
  EXPECT_EQ(MaxThreads(), most);
}

}  // namespace
}  // namespace shadowtutor
