#include "core/thread_pool.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/float_mode.h"

namespace shadowtutor {
namespace {

using std::chrono::microseconds;

template <typename Body>
void Loop(ThreadPool& pool, int tasks, const Body& body, int most = 1000) {
  pool.Run(
      tasks, const_cast<Body*>(&body),
      [](void* context, int task) { (*static_cast<const Body*>(context))(task); }, most);
}

// With threads that sleep at once when there is nothing to do, and with threads that stay awake.
class ThreadPools : public testing::TestWithParam<int> {
 protected:
  ThreadPool pool_{4, microseconds(GetParam())};
};
INSTANTIATE_TEST_SUITE_P(Awake, ThreadPools, testing::Values(0, 200));

TEST_P(ThreadPools, AllThreadsComputeAtATime) {
  for (int time = 0; time < 200; ++time) {
    std::barrier all(4);  // returns when four threads are there
    std::vector<std::atomic<int>> slots(4);
    Loop(pool_, 4, [&](int) {
      ++slots[static_cast<size_t>(ThreadPool::Slot())];
      all.arrive_and_wait();
    });
    for (const auto& used : slots) ASSERT_EQ(used, 1);
  }
}

TEST_P(ThreadPools, HelpersGoWhereFewestAre) {
  // Each caller's loop ends only when it has had a helper.
  std::vector<std::thread> callers;
  callers.reserve(3);
  for (int i = 0; i < 2; ++i) {
    callers.emplace_back([this] {
      for (int time = 0; time < 200; ++time) {
        std::barrier both(2);
        Loop(pool_, 2, [&](int) { both.arrive_and_wait(); });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

TEST_P(ThreadPools, NestedLoopsOfManyCallersEnd) {
  std::vector<std::thread> callers;
  callers.reserve(3);
  std::atomic<int> sum = 0;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&, this] {
      for (int time = 0; time < 20; ++time) {
        Loop(pool_, 6, [&](int) {
          Loop(pool_, 6, [&](int) { Loop(pool_, 6, [&](int task) { sum += task; }); });
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 3 * 20 * 36 * 15);
}

TEST_P(ThreadPools, NoMoreComputeThanALoopAllows) {
  std::atomic<int> inside = 0, most = 0;
  for (int time = 0; time < 50; ++time) {
    Loop(
        pool_, 40,
        [&](int) {
          const int now = ++inside;
          if (now > most) most = now;
          std::this_thread::yield();
          --inside;
        },
        2);
  }
  EXPECT_LE(most, 2);
  const auto here = std::this_thread::get_id();
  Loop(
      pool_, 40, [&](int) { EXPECT_EQ(std::this_thread::get_id(), here); }, 1);
}

TEST_P(ThreadPools, AHelpersExceptionReachesTheCaller) {
  for (int time = 0; time < 100; ++time) {
    std::barrier both(2);
    const auto fail = [&](int) {
      both.arrive_and_wait();
      if (ThreadPool::Slot() != 0) throw std::runtime_error("a helper's");
    };
    EXPECT_THROW(Loop(pool_, 2, fail), std::runtime_error);
  }
}

TEST_P(ThreadPools, TasksAreLeftOutAfterAnException) {
  std::atomic<int> begun = 0;
  const auto fail = [&](int) {
    ++begun;
    throw std::runtime_error("each one");
  };
  EXPECT_THROW(Loop(pool_, 1000, fail), std::runtime_error);
  EXPECT_LE(begun, 4);
}

#if defined(__x86_64__) || defined(__aarch64__)
TEST_P(ThreadPools, HelpersComputeInTheCallersMode) {
  const auto half = [] {
    const volatile float smallest = std::numeric_limits<float>::min();
    return smallest / 2;
  };
  for (int time = 0; time < 20; ++time) {
    std::barrier all(4);
    {
      const FloatModeScope flush(FloatMode::OfThisThread().FlushingSubnormals());
      Loop(pool_, 4, [&](int) {
        all.arrive_and_wait();
        EXPECT_EQ(half(), 0);
      });
    }
    Loop(pool_, 4, [&](int) {
      all.arrive_and_wait();
      EXPECT_GT(half(), 0);
    });
  }
}
#endif

#ifndef __EMSCRIPTEN__  // has no signals
TEST_P(ThreadPools, HelpersGetNoSignals) {
  std::barrier all(4);
  std::atomic<int> blocked = 0;
  Loop(pool_, 4, [&](int) {
    all.arrive_and_wait();
    sigset_t set;
    pthread_sigmask(SIG_BLOCK, nullptr, &set);
    blocked += sigismember(&set, SIGINT) == 1 && sigismember(&set, SIGPROF) == 1;
    EXPECT_TRUE(ThreadPool::Slot() != 0 || sigismember(&set, SIGINT) == 0);
  });
  EXPECT_EQ(blocked, 3);
}
#endif

TEST_P(ThreadPools, ThreadsAreTheSameFromLoopToLoop) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  for (int time = 0; time < 100; ++time) {
    std::barrier all(4);
    Loop(pool_, 4, [&](int) {
      all.arrive_and_wait();
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
    });
  }
  EXPECT_EQ(threads.size(), 4u);
}

TEST_P(ThreadPools, LoopsRunOnTheirCallerAfterTheEnd) {
  Loop(pool_, 4, [](int) {});
  pool_.Stop();
  const auto here = std::this_thread::get_id();
  int sum = 0;
  Loop(pool_, 10, [&](int task) {
    EXPECT_EQ(std::this_thread::get_id(), here);
    sum += task;
  });
  EXPECT_EQ(sum, 45);
  pool_.Stop();
}

TEST_P(ThreadPools, EndsWhileItsThreadsCompute) {
  std::atomic<bool> begun = false;
  std::atomic<int> runs = 0;
  std::thread caller([&, this] {
    Loop(pool_, 100, [&](int) {
      begun = true;
      ++runs;
      std::this_thread::yield();
    });
  });
  while (!begun) std::this_thread::yield();
  pool_.Stop();
  caller.join();
  EXPECT_EQ(runs, 100);
}

TEST(ThreadPool, OfOneSlotHasNoThread) {
  ThreadPool pool(0);
  EXPECT_EQ(pool.slots(), 1);
  const auto here = std::this_thread::get_id();
  Loop(pool, 10, [&](int) { EXPECT_EQ(std::this_thread::get_id(), here); });
}

}  // namespace
}  // namespace shadowtutor
