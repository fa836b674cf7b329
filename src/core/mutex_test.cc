#include "core/mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace shadowtutor {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

static_assert(sizeof(Mutex) == sizeof(std::mutex));
static_assert(sizeof(CondVar) == sizeof(std::condition_variable));

// The example in the comment of core/mutex.h.
class Queue {
 public:
  void Push(int number) ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    numbers_.push_back(number);
    changed_.NotifyOne();
  }
  int WaitAndPop() ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    changed_.Wait(mutex_, [this]() ST_REQUIRES(mutex_) { return !numbers_.empty(); });
    return PopLocked();
  }

 private:
  int PopLocked() ST_REQUIRES(mutex_) {
    const int number = numbers_.front();
    numbers_.pop_front();
    return number;
  }

  Mutex mutex_;
  CondVar changed_;
  std::deque<int> numbers_ ST_GUARDED_BY(mutex_);
};

struct Counter {
  Mutex mutex;
  CondVar changed;
  int count ST_GUARDED_BY(mutex) = 0;

  // Increments on another thread, which waits until the mutex is free.
  std::future<void> Increment() {
    return std::async(std::launch::async, [this] {
      const MutexLock lock(mutex);
      ++count;
      changed.NotifyAll();
    });
  }
  int Count() {
    const MutexLock lock(mutex);
    return count;
  }
};

TEST(Mutex, KeepsThreadsApart) {
  constexpr int kThreads = 4, kTimes = 10'000;
  Counter counter;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&counter] {
      for (int k = 0; k < kTimes; ++k) {
        const MutexLock lock(counter.mutex);
        ++counter.count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.Count(), kThreads * kTimes);
}

// Whether another thread still waits. Its wait ends at once where the mutex is free by mistake.
bool StillWaits(const std::future<void>& other) {
  return other.wait_for(100ms) == std::future_status::timeout;
}

TEST(MutexLock, KeepsOthersOutUntilTheEndOfItsScope) {
  Counter counter;
  std::future<void> other;
  {
    const MutexLock lock(counter.mutex);
    other = counter.Increment();
    EXPECT_TRUE(StillWaits(other));
    EXPECT_EQ(counter.count, 0);
  }
  other.get();
  EXPECT_EQ(counter.Count(), 1);
}

TEST(CondVar, WaitsForTheOtherThread) {
  Queue queue;
  constexpr int kNumbers = 1000;
  std::thread other([&queue] {
    for (int i = 0; i < kNumbers; ++i) queue.Push(i);
  });
  for (int i = 0; i < kNumbers; ++i) EXPECT_EQ(queue.WaitAndPop(), i);
  other.join();
}

TEST(CondVar, HoldsTheMutexAfterwards) {
  Counter counter;
  std::future<void> first, second;
  {
    const MutexLock lock(counter.mutex);
    first = counter.Increment();
    const auto one = [&counter]() ST_REQUIRES(counter.mutex) { return counter.count == 1; };
    EXPECT_TRUE(counter.changed.WaitFor(counter.mutex, 60s, one));
    second = counter.Increment();
    EXPECT_TRUE(StillWaits(second));
    EXPECT_EQ(counter.count, 1);
  }
  first.get();
  second.get();
  EXPECT_EQ(counter.Count(), 2);
}

TEST(CondVar, SaysAtTheDeadlineWhetherItIsSo) {
  Counter counter;
  const MutexLock lock(counter.mutex);
  const auto never = [] { return false; };
  const auto always = [] { return true; };
  EXPECT_FALSE(counter.changed.WaitFor(counter.mutex, 0ms, never));
  EXPECT_TRUE(counter.changed.WaitFor(counter.mutex, 0ms, always));
  EXPECT_FALSE(counter.changed.WaitUntil(counter.mutex, Clock::now(), never));
  EXPECT_TRUE(counter.changed.WaitUntil(counter.mutex, Clock::now(), always));
}

TEST(CondVar, ThePredicatesExceptionLeavesTheMutexHeld) {
  Counter counter;
  std::future<void> other;
  {
    const MutexLock lock(counter.mutex);
    const auto fails = []() -> bool { throw std::runtime_error("no"); };
    EXPECT_THROW(counter.changed.Wait(counter.mutex, fails), std::runtime_error);
    other = counter.Increment();
    EXPECT_TRUE(StillWaits(other));
    EXPECT_EQ(counter.count, 0);
  }
  other.get();
  EXPECT_EQ(counter.Count(), 1);
}

}  // namespace
}  // namespace shadowtutor
