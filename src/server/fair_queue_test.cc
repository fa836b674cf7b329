#include "server/fair_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <vector>

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;
using Clock = FairQueue::Clock;
using Milliseconds = std::chrono::milliseconds;

// One machine that does the queue's jobs one after the other, on a clock of its own.
class Machine {
 public:
  // `told` is the slack that the queue is told of, if it is another.
  bool Add(uint64_t owner, Milliseconds takes, Milliseconds slack,
           std::optional<Milliseconds> told = {}) {
    if (!queue_.Add(owner, now_ + told.value_or(slack), [] {})) return false;
    takes_[owner] = takes;
    came_[owner] = now_;
    due_[owner] = now_ + slack;
    return true;
  }
  // Does the next job and returns whose it was; nullopt when none waits.
  std::optional<uint64_t> Step() {
    if (!queue_.CanTake()) return std::nullopt;
    const FairQueue::Entry entry = queue_.Take(now_);
    const Milliseconds took = takes_[entry.owner];
    now_ += took;
    used_[entry.owner] += took;
    late_ += now_ > due_[entry.owner];
    longest_[entry.owner] = std::max(
        longest_[entry.owner], std::chrono::duration_cast<Milliseconds>(now_ - came_[entry.owner]));
    queue_.Done(entry, took);
    return entry.owner;
  }
  std::vector<uint64_t> StepAll() {
    std::vector<uint64_t> order;
    while (const auto owner = Step()) order.push_back(*owner);
    return order;
  }
  void Wait(Milliseconds time) { now_ += time; }
  Clock::time_point now() const { return now_; }
  Milliseconds used(uint64_t owner) { return used_[owner]; }
  Milliseconds longest(uint64_t owner) { return longest_[owner]; }
  int late() const { return late_; }
  FairQueue& queue() { return queue_; }

 private:
  FairQueue queue_{1000};
  Clock::time_point now_{};
  std::map<uint64_t, Milliseconds> takes_, used_, longest_;
  std::map<uint64_t, Clock::time_point> came_, due_;
  int late_ = 0;
};

TEST(FairQueue, TheEarliestDeadlineIsFirst) {
  Machine machine;
  machine.Add(1, 10ms, 300ms);
  machine.Add(2, 10ms, 100ms);
  machine.Add(3, 10ms, 200ms);
  machine.Add(4, 10ms, 100ms);
  EXPECT_EQ(machine.StepAll(), (std::vector<uint64_t>{2, 4, 3, 1}));
}

TEST(FairQueue, AlikeDeadlinesAreServedAsTheyCome) {
  Machine machine;
  for (uint64_t owner : {3, 1, 2}) machine.Add(owner, 10ms, 100ms);
  EXPECT_EQ(machine.StepAll(), (std::vector<uint64_t>{3, 1, 2}));
}

TEST(FairQueue, WhoIsLateAlreadyComesAfterWhoIsNot) {
  Machine machine;
  machine.Add(1, 10ms, 100ms);
  machine.Add(2, 10ms, 150ms);
  machine.Wait(200ms);
  machine.Add(3, 10ms, 300ms);
  machine.Add(4, 10ms, 100ms);
  EXPECT_EQ(machine.StepAll(), (std::vector<uint64_t>{4, 3, 1, 2}));
}

// Four times as much is asked for as can be had, and there are always some that are not late.
TEST(FairQueue, WhoIsLateIsNotStarved) {
  Machine machine;
  constexpr uint64_t kOwners = 20;
  for (uint64_t owner = 0; owner < kOwners; ++owner) machine.Add(owner, 100ms, 267ms);
  std::map<uint64_t, Clock::time_point> back;
  while (machine.now() < Clock::time_point() + 600s) {
    const auto owner = machine.Step();
    if (owner) back[*owner] = machine.now() + 200ms;
    if (!owner) machine.Wait(10ms);
    for (auto& [number, time] : back) {
      if (time <= machine.now() && machine.Add(number, 100ms, 267ms)) time += 1h;
    }
  }
  for (uint64_t owner = 0; owner < kOwners; ++owner) {
    EXPECT_NEAR(static_cast<double>(machine.used(owner).count()), 30'000, 1'500) << owner;
    EXPECT_LT(machine.longest(owner), 10s) << owner;
  }
  EXPECT_GT(machine.late(), 0);
}

TEST(FairQueue, ALivelyOwnerCannotStarveCalmOnes) {
  Machine machine;
  constexpr int kCalm = 49;
  // Their frames are far apart, so their deadlines are late.
  for (uint64_t owner = 1; owner <= kCalm; ++owner) machine.Add(owner, 100ms, 2000ms);
  // The lively one has another job whenever one has ended, and in a hurry.
  machine.Add(100, 100ms, 10ms);
  int lively = 0, calm = 0;
  while (calm < kCalm) {
    if (*machine.Step() == 100) {
      ++lively;
      machine.Add(100, 100ms, 10ms);
    } else {
      ++calm;
    }
  }
  EXPECT_LE(lively, 2) << "an equal share is one job of fifty";
}

// The same for as long as one likes: every owner always has a job.
TEST(FairQueue, EqualSharesUnderOverloadWhateverTheDeadlinesAndTheSizes) {
  Machine machine;
  constexpr int kOwners = 10;
  const auto takes = [](uint64_t owner) { return Milliseconds(60 + 10 * owner); };
  const auto slack = [](uint64_t owner) { return Milliseconds(owner * owner * 37 % 500); };
  for (uint64_t owner = 0; owner < kOwners; ++owner) machine.Add(owner, takes(owner), slack(owner));
  for (int i = 0; i < 5000; ++i) {
    const uint64_t owner = *machine.Step();
    machine.Add(owner, takes(owner), slack(owner));
  }
  Milliseconds all{};
  for (uint64_t owner = 0; owner < kOwners; ++owner) all += machine.used(owner);
  for (uint64_t owner = 0; owner < kOwners; ++owner) {
    EXPECT_NEAR(static_cast<double>(machine.used(owner).count()),
                static_cast<double>(all.count()) / kOwners, 2.0 * takes(kOwners).count())
        << owner;
  }
}

TEST(FairQueue, WhoLeavesSomeOfTheShareLosesNothingByIt) {
  Machine machine;
  // 1 has a job of 50 ms every 400 ms, which is less than a third; 2 and 3 always have one.
  machine.Add(2, 70ms, 5ms);
  machine.Add(3, 70ms, 5ms);
  machine.Add(1, 50ms, 250ms);
  auto next = machine.now() + 400ms;
  int served = 0;
  while (served < 200) {
    const uint64_t owner = *machine.Step();
    served += owner == 1;
    if (owner != 1) machine.Add(owner, 70ms, 5ms);
    if (machine.now() >= next) {
      ASSERT_TRUE(machine.Add(1, 50ms, 250ms)) << "the one before still waits";
      next += 400ms;
    }
  }
  EXPECT_LE(machine.longest(1), 350ms);
  EXPECT_NEAR(static_cast<double>(machine.used(2).count()),
              static_cast<double>(machine.used(3).count()), 140);
}

TEST(FairQueue, NewcomersDoNotHoldUpWhoWaits) {
  Machine machine;
  machine.Add(1, 1000ms, 100ms);
  machine.Add(2, 1000ms, 100ms);
  machine.Step();  // 1 has had its turn and comes again, beyond its share
  machine.Add(1, 1000ms, 100ms);
  int newcomers = 0;
  for (uint64_t owner = 10; machine.Step() != 1u; ++owner) {
    machine.Add(owner, 1000ms, 100ms);
    ASSERT_LT(++newcomers, 12);
  }
}

TEST(FairQueue, OfThoseBeyondTheirShareTheLeastAheadIsFirst) {
  Machine machine;
  for (uint64_t owner : {1, 2, 3}) machine.Add(owner, Milliseconds(100 * owner), 1ms);
  const FairQueue::Entry entry = machine.queue().Take(machine.now());  // keeps the others active
  EXPECT_EQ(entry.owner, 1u);
  machine.queue().Done(entry, 900ms);
  machine.queue().Add(1, machine.now() - 1s, [] {});
  EXPECT_EQ(machine.StepAll(), (std::vector<uint64_t>{2, 3, 1})) << "1 is urgent, but far ahead";
}

TEST(FairQueue, NobodyIsAheadOnceNobodyWaited) {
  Machine machine;
  machine.Add(1, 10s, 1ms);
  machine.Step();
  machine.Add(1, 10ms, 100ms);
  machine.Add(2, 10ms, 200ms);
  EXPECT_EQ(machine.StepAll(), (std::vector<uint64_t>{1, 2}));
}

TEST(FairQueue, JobsOfOneOwnerDoNotRunAtTheSameTime) {
  FairQueue queue(10);
  ASSERT_TRUE(queue.Add(1, {}, [] {}));
  const FairQueue::Entry first = queue.Take({});
  ASSERT_TRUE(queue.Add(1, {}, [] {})) << "it does not wait any more";
  EXPECT_FALSE(queue.Add(1, {}, [] {}));
  EXPECT_FALSE(queue.CanTake());
  ASSERT_TRUE(queue.Add(2, {}, [] {}));
  const FairQueue::Entry other = queue.Take({});
  EXPECT_EQ(other.owner, 2u);
  EXPECT_EQ(queue.running(), 2u);
  queue.Done(first, 1ms);
  ASSERT_TRUE(queue.CanTake());
  EXPECT_EQ(queue.Take({}).owner, 1u);
}

TEST(FairQueue, JobsPastTheQueueOccupyTheirOwnerToo) {
  FairQueue queue(10);
  queue.Occupy(1);
  ASSERT_TRUE(queue.Add(1, {}, [] {}));
  EXPECT_FALSE(queue.CanTake());
  EXPECT_EQ(queue.running(), 0u);
  queue.Release(1);
  EXPECT_TRUE(queue.CanTake());
}

TEST(FairQueue, WhatIsRefusedOrRemovedIsHandedBack) {
  FairQueue queue(1);
  bool ran = false;
  ASSERT_TRUE(queue.Add(1, {}, [&ran] { ran = true; }));
  FairQueue::Job refused = [&ran] { ran = true; };
  EXPECT_FALSE(queue.Add(2, {}, std::move(refused)));
  EXPECT_TRUE(refused);
  EXPECT_FALSE(queue.Remove(2).job);
  EXPECT_TRUE(queue.Remove(1).job);
  EXPECT_EQ(queue.waiting(), 0u);
  ASSERT_TRUE(queue.Add(2, {}, std::move(refused)));
  EXPECT_EQ(queue.Clear().size(), 1u);
  EXPECT_FALSE(ran);
}

// Cameras of several kinds on one machine that is nearly busy: those with little time are served
// before those with much, so that more are in time than in the order of their coming.
TEST(FairQueue, MoreAreInTimeThanInTheOrderOfComing) {
  struct Camera {
    Milliseconds every, slack;
  };
  std::vector<Camera> cameras;
  for (int i = 0; i < 6; ++i) {
    cameras.push_back({Milliseconds(811 + 7 * i), 267ms});     // 30 frames a second
    cameras.push_back({Milliseconds(1699 + 13 * i), 1600ms});  // 5 frames a second
  }
  // The share of the jobs that are late. Where the queue is told the same slack of all, they are
  // served in the order of their coming.
  const auto late_share = [&](std::optional<Milliseconds> told) {
    Machine machine;
    std::vector<Clock::time_point> next(cameras.size(), machine.now());
    int jobs = 0;
    while (machine.now() < Clock::time_point() + 600s) {
      for (size_t i = 0; i < cameras.size(); ++i) {
        if (next[i] > machine.now()) continue;
        if (machine.Add(i, 92ms, cameras[i].slack, told)) ++jobs;
        next[i] += cameras[i].every;
      }
      if (!machine.Step()) machine.Wait(1ms);
    }
    return static_cast<double>(machine.late()) / jobs;
  };
  const double by_deadline = late_share({}), as_they_come = late_share(267ms);
  EXPECT_LT(by_deadline, as_they_come / 2);
  EXPECT_GT(as_they_come, 0.05);
}

}  // namespace
}  // namespace shadowtutor::server
