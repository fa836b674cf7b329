#include "server/scheduler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace shadowtutor::server {
namespace {

// Keeps the only thread busy until Open().
class Gate {
 public:
  Scheduler::Job Job() {
    return [this] {
      entered_.set_value();
      open_.get_future().wait();
    };
  }
  void WaitUntilEntered() { entered_.get_future().wait(); }
  void Open() { open_.set_value(); }

 private:
  std::promise<void> entered_, open_;
};

TEST(SchedulerTest, FirstComeFirstServed) {
  Gate gate;
  std::vector<int> order;
  std::promise<void> done;
  Scheduler scheduler(1, 8);
  ASSERT_TRUE(scheduler.Submit(100, gate.Job()));
  gate.WaitUntilEntered();
  for (int owner : {3, 1, 2}) {
    ASSERT_TRUE(scheduler.Submit(owner, [&order, owner] { order.push_back(owner); }));
  }
  ASSERT_TRUE(scheduler.Submit(4, [&done] { done.set_value(); }));
  gate.Open();
  done.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{3, 1, 2}));
}

// The time of the next test, which its jobs advance.
std::atomic<Scheduler::Clock::time_point> fake_now{};

TEST(SchedulerTest, WhoseJobsTakeLongWaitsForThoseWhoseDoNot) {
  Gate gate;
  std::vector<int> order;
  std::promise<void> done;
  Scheduler scheduler(1, 8, [] { return fake_now.load(); });
  const auto take = [&order](int owner, int seconds) {
    return [&order, owner, seconds] {
      order.push_back(owner);
      fake_now = fake_now.load() + std::chrono::seconds(seconds);
    };
  };
  // While the gate is closed, 1 and 2 come with jobs of 10 s, and 3 with a short one. As soon as
  // one of their jobs runs, its owner comes with the next.
  ASSERT_TRUE(scheduler.Submit(100, gate.Job()));
  gate.WaitUntilEntered();
  for (int owner : {1, 2}) {
    ASSERT_TRUE(scheduler.Submit(owner, [&, owner] {
      take(owner, 10)();
      scheduler.Submit(owner, take(owner, 10));
    }));
  }
  ASSERT_TRUE(scheduler.Submit(3, [&] {
    take(3, 1)();
    scheduler.Submit(3, [&] {
      take(3, 1)();
      scheduler.Submit(4, [&done] { done.set_value(); });
    });
  }));
  gate.Open();
  done.get_future().wait();
  scheduler.Shutdown();
  // Before their second jobs, which would be first by the order of coming, 3 has its second, and a
  // newcomer its first.
  order.resize(4);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 3}));
}

TEST(SchedulerTest, NewcomersDoNotHoldUpWhoWaits) {
  Gate gate;
  std::promise<void> done;
  std::atomic<int> newcomers = 0;
  std::atomic<bool> again = false, finished = false;
  Scheduler scheduler(1, 8, [] { return fake_now.load(); });
  const auto take = [] { fake_now = fake_now.load() + std::chrono::seconds(1); };
  ASSERT_TRUE(scheduler.Submit(100, gate.Job()));
  gate.WaitUntilEntered();
  // 1 has had its turn and waits again, while newcomers come one after the other.
  constexpr int kMost = 50;
  std::function<void(uint64_t)> come = [&](uint64_t owner) {
    scheduler.Submit(owner, [&, owner] {
      take();
      ++newcomers;
      if (again || newcomers >= kMost) {
        if (!finished.exchange(true)) done.set_value();  // two rows of newcomers come here
      } else {
        come(owner + 1);
      }
    });
  };
  ASSERT_TRUE(scheduler.Submit(1, [&] {
    take();
    scheduler.Submit(1, [&] { again = true; });
    come(1000);
    come(2000);
  }));
  gate.Open();
  done.get_future().wait();
  scheduler.Shutdown();
  EXPECT_LT(newcomers, 10);
}

TEST(SchedulerTest, OneQueuedJobPerOwnerAndABoundInAll) {
  Gate gate;
  Scheduler scheduler(1, 2);
  ASSERT_TRUE(scheduler.Submit(1, gate.Job()));
  gate.WaitUntilEntered();
  EXPECT_TRUE(scheduler.Submit(1, [] {}));  // the first one runs, so it is not in the queue
  EXPECT_FALSE(scheduler.Submit(1, [] {}));
  EXPECT_TRUE(scheduler.Submit(2, [] {}));
  EXPECT_FALSE(scheduler.Submit(3, [] {}));
  gate.Open();
}

TEST(SchedulerTest, ForgetsTheJobsOfWhoLeft) {
  Gate gate;
  std::atomic<bool> ran = false;
  std::promise<void> done;
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> watched = held;
  Scheduler scheduler(1, 8);
  ASSERT_TRUE(scheduler.Submit(1, gate.Job()));
  gate.WaitUntilEntered();
  ASSERT_TRUE(scheduler.Submit(2, [&ran, held] { ran = true; }));
  ASSERT_TRUE(scheduler.Submit(3, [&done] { done.set_value(); }));
  held.reset();
  EXPECT_TRUE(scheduler.Forget(2));
  EXPECT_FALSE(scheduler.Forget(2));
  EXPECT_TRUE(watched.expired()) << "the dropped job still holds its memory";
  gate.Open();
  done.get_future().wait();
  EXPECT_FALSE(ran);
}

TEST(SchedulerTest, IdleJobsRunWhenNoOtherJobWaitsAndTakeTurns) {
  Gate gate;
  std::vector<int> order;
  std::promise<void> done;
  Scheduler scheduler(1, 8);
  ASSERT_TRUE(scheduler.Submit(100, gate.Job()));
  gate.WaitUntilEntered();
  std::function<void()> again = [&] {
    order.push_back(-1);
    if (order.size() < 5) {
      EXPECT_TRUE(scheduler.SubmitIdle(1, again));
    } else {
      done.set_value();
    }
  };
  ASSERT_TRUE(scheduler.SubmitIdle(1, again));
  ASSERT_TRUE(scheduler.SubmitIdle(2, [&] { order.push_back(-2); }));
  ASSERT_TRUE(scheduler.Submit(1, [&] { order.push_back(1); }));
  ASSERT_TRUE(scheduler.Submit(3, [&] { order.push_back(3); }));
  gate.Open();
  done.get_future().wait();
  scheduler.Shutdown();
  EXPECT_EQ(order, (std::vector<int>{1, 3, -1, -2, -1}));
}

TEST(SchedulerTest, ARunningIdleJobLearnsThatAnotherJobWaits) {
  std::promise<void> entered, done;
  std::atomic<bool> yielded = false;
  Scheduler scheduler(1, 8);
  ASSERT_TRUE(scheduler.SubmitIdle(1, [&] {
    EXPECT_FALSE(scheduler.Waiting());
    entered.set_value();
    while (!scheduler.Waiting()) std::this_thread::yield();
    yielded = true;
  }));
  entered.get_future().wait();
  EXPECT_TRUE(scheduler.SubmitIdle(1, [] {}));  // does not count as one that waits
  EXPECT_FALSE(scheduler.Waiting());
  ASSERT_TRUE(scheduler.Submit(1, [&] {
    EXPECT_TRUE(yielded);
    done.set_value();
  }));
  done.get_future().wait();
  scheduler.Shutdown();
  EXPECT_TRUE(scheduler.Waiting()) << "a running idle job ends at a shutdown, too";
  EXPECT_FALSE(scheduler.SubmitIdle(1, [] {}));
}

TEST(SchedulerTest, IdleJobsDoNotCountAsTheirOwnersTime) {
  Gate gate;
  std::vector<int> order;
  std::promise<void> idle_done, done;
  Scheduler scheduler(1, 8, [] { return fake_now.load(); });
  ASSERT_TRUE(scheduler.SubmitIdle(1, [&] {
    fake_now = fake_now.load() + std::chrono::hours(1);
    idle_done.set_value();
  }));
  idle_done.get_future().wait();
  ASSERT_TRUE(scheduler.Submit(100, gate.Job()));
  gate.WaitUntilEntered();
  ASSERT_TRUE(scheduler.Submit(1, [&] { order.push_back(1); }));
  ASSERT_TRUE(scheduler.Submit(2, [&] {
    order.push_back(2);
    done.set_value();
  }));
  gate.Open();
  done.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(SchedulerTest, OneIdleJobPerOwnerAndABoundInAll) {
  Gate gate;
  Scheduler scheduler(1, 2);
  ASSERT_TRUE(scheduler.Submit(100, gate.Job()));
  gate.WaitUntilEntered();
  EXPECT_TRUE(scheduler.SubmitIdle(1, [] {}));
  EXPECT_FALSE(scheduler.SubmitIdle(1, [] {}));
  EXPECT_TRUE(scheduler.Submit(1, [] {})) << "a job beside it";
  EXPECT_TRUE(scheduler.SubmitIdle(2, [] {}));
  EXPECT_FALSE(scheduler.SubmitIdle(3, [] {}));
  EXPECT_TRUE(scheduler.Submit(2, [] {})) << "idle jobs take nobody's place";
  gate.Open();
}

TEST(SchedulerTest, ForgetsIdleJobs) {
  Gate gate;
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> watched = held;
  Scheduler scheduler(1, 8);
  ASSERT_TRUE(scheduler.Submit(100, gate.Job()));
  gate.WaitUntilEntered();
  ASSERT_TRUE(scheduler.SubmitIdle(1, [held] {}));
  ASSERT_TRUE(scheduler.Submit(2, [] {}));
  ASSERT_TRUE(scheduler.SubmitIdle(2, [held] {}));
  ASSERT_TRUE(scheduler.SubmitIdle(3, [held] {}));
  held.reset();
  EXPECT_FALSE(scheduler.Forget(1)) << "only jobs that are not idle are told of";
  EXPECT_FALSE(scheduler.ForgetIdle(1));
  EXPECT_TRUE(scheduler.Forget(2));
  EXPECT_FALSE(watched.expired());
  EXPECT_TRUE(scheduler.ForgetIdle(3));
  EXPECT_TRUE(watched.expired());
  gate.Open();
}

TEST(SchedulerTest, ShutdownFinishesWhatRunsAndDropsTheRest) {
  Gate gate;
  std::atomic<bool> finished = false;
  std::atomic<bool> ran = false;
  auto held = std::make_shared<std::promise<void>>();
  std::future<void> dropped = held->get_future();
  Scheduler scheduler(1, 8);
  ASSERT_TRUE(scheduler.Submit(1, [wait = gate.Job(), &finished] {
    wait();
    finished = true;
  }));
  gate.WaitUntilEntered();
  ASSERT_TRUE(scheduler.Submit(2, [&ran, held] { ran = true; }));
  ASSERT_TRUE(scheduler.SubmitIdle(2, [&ran, held] { ran = true; }));
  held.reset();
  auto shutdown = std::async(std::launch::async, [&] { scheduler.Shutdown(); });
  EXPECT_THROW(dropped.get(), std::future_error);  // its job is gone, and the promise with it
  EXPECT_FALSE(scheduler.Submit(3, [&ran] { ran = true; }));
  gate.Open();
  shutdown.get();
  EXPECT_TRUE(finished);
  EXPECT_FALSE(ran);
}

TEST(SchedulerTest, ShutdownLeavesAJobBehindThatDoesNotEnd) {
  struct State {
    std::promise<void> entered, open, left;
  };
  const auto state = std::make_shared<State>();
  auto scheduler = std::make_unique<Scheduler>(1, 8);
  ASSERT_TRUE(scheduler->Submit(1, [state] {
    state->entered.set_value();
    state->open.get_future().wait();
    state->left.set_value();
  }));
  state->entered.get_future().wait();
  EXPECT_FALSE(scheduler->Shutdown(std::chrono::milliseconds(1)));
  EXPECT_FALSE(scheduler->Submit(2, [] {}));
  scheduler.reset();  // its thread goes on without it
  state->open.set_value();
  state->left.get_future().wait();
}

TEST(SchedulerTest, ShutdownWithADeadlineJoinsWhatEndsInTime) {
  Scheduler scheduler(2, 8);
  std::promise<void> done;
  ASSERT_TRUE(scheduler.Submit(1, [&] { done.set_value(); }));
  done.get_future().wait();
  EXPECT_TRUE(scheduler.Shutdown(std::chrono::minutes(1)));
  EXPECT_TRUE(scheduler.Shutdown(std::chrono::minutes(1))) << "again does nothing";
}

TEST(SchedulerTest, SeveralThreadsWorkAtTheSameTime) {
  std::promise<void> first, second;
  std::promise<void> both;
  Scheduler scheduler(2, 8);
  // Each waits for the other, which one thread alone could not do.
  ASSERT_TRUE(scheduler.Submit(1, [&] {
    first.set_value();
    second.get_future().wait();
    both.set_value();
  }));
  ASSERT_TRUE(scheduler.Submit(2, [&] {
    second.set_value();
    first.get_future().wait();
  }));
  EXPECT_EQ(both.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
}

TEST(SchedulerTest, JobsOfOneOwnerDoNotRunAtTheSameTime) {
  Gate gate;
  std::atomic<bool> ended = false;
  std::promise<bool> second, idle;
  Scheduler scheduler(3, 8);
  ASSERT_TRUE(scheduler.Submit(1, [wait = gate.Job(), &ended] {
    wait();
    ended = true;
  }));
  gate.WaitUntilEntered();
  ASSERT_TRUE(scheduler.Submit(1, [&] { second.set_value(ended); }));
  ASSERT_TRUE(scheduler.SubmitIdle(1, [&] { idle.set_value(ended); }));
  // Others go by.
  std::promise<void> other;
  ASSERT_TRUE(scheduler.Submit(2, [&] { other.set_value(); }));
  other.get_future().wait();
  gate.Open();
  EXPECT_TRUE(second.get_future().get());
  EXPECT_TRUE(idle.get_future().get());
}

TEST(SchedulerTest, AnOwnersJobWaitsForItsIdleJob) {
  Gate gate;
  std::atomic<bool> ended = false;
  std::promise<bool> job;
  Scheduler scheduler(2, 8);
  ASSERT_TRUE(scheduler.SubmitIdle(1, [wait = gate.Job(), &ended] {
    wait();
    ended = true;
  }));
  gate.WaitUntilEntered();
  EXPECT_FALSE(scheduler.Waiting());
  ASSERT_TRUE(scheduler.Submit(1, [&] { job.set_value(ended); }));
  EXPECT_TRUE(scheduler.Waiting());
  gate.Open();
  EXPECT_TRUE(job.get_future().get());
}

TEST(SchedulerTest, IdleJobsWaitForThoseThatRunOnOtherThreads) {
  Gate gate, idle_gate;
  std::atomic<bool> ended = false;
  std::promise<bool> idle;
  Scheduler scheduler(2, 8);
  ASSERT_TRUE(scheduler.SubmitIdle(1, idle_gate.Job()));
  idle_gate.WaitUntilEntered();
  ASSERT_TRUE(scheduler.Submit(2, [wait = gate.Job(), &ended] {
    wait();
    ended = true;
  }));
  gate.WaitUntilEntered();
  EXPECT_TRUE(scheduler.Waiting()) << "a running idle job makes room";
  ASSERT_TRUE(scheduler.SubmitIdle(3, [&] { idle.set_value(ended); }));
  idle_gate.Open();
  gate.Open();
  EXPECT_TRUE(idle.get_future().get());
}

TEST(SchedulerTest, TellsHowBusyItIs) {
  fake_now = Scheduler::Clock::time_point{};
  Gate gate;
  std::promise<void> done, idle_done;
  const auto advance = [](int seconds) {
    fake_now = fake_now.load() + std::chrono::seconds(seconds);
  };
  Scheduler scheduler(1, 8, [] { return fake_now.load(); });
  ASSERT_TRUE(scheduler.Submit(1, [wait = gate.Job(), &advance] {
    wait();
    advance(3);
  }));
  gate.WaitUntilEntered();
  ASSERT_TRUE(scheduler.Submit(2, [&] { advance(1); }));
  ASSERT_TRUE(scheduler.Submit(3, [&] { done.set_value(); }));
  Scheduler::Load load = scheduler.load();
  EXPECT_EQ(load.threads, 1);
  EXPECT_EQ(load.running, 1u);
  EXPECT_EQ(load.queued, 2u);
  gate.Open();
  done.get_future().wait();
  ASSERT_TRUE(scheduler.SubmitIdle(4, [&] {
    advance(4);
    idle_done.set_value();
  }));
  idle_done.get_future().wait();
  scheduler.Shutdown();
  load = scheduler.load();
  EXPECT_EQ(load.running, 0u);
  EXPECT_EQ(load.queued, 0u);
  EXPECT_DOUBLE_EQ(load.busy_s, 4);
  EXPECT_DOUBLE_EQ(load.idle_s, 4);
  EXPECT_DOUBLE_EQ(load.busy_10s, 0.5);
  EXPECT_DOUBLE_EQ(load.idle_60s, 0.5);
}

}  // namespace
}  // namespace shadowtutor::server
