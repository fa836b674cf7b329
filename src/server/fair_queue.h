// In which order the jobs of several owners run: the most urgent first, among those whose owners
// have had no more than their share of the time.
//
// Each owner has a clock, which advances by the time that its jobs took. The queue has a time of
// its own, which advances by each job's time divided by the number of owners that had a job waiting
// or running: so it is the clock of somebody who gets exactly an equal share. A job starts, on
// these clocks, at its owner's clock. While an owner has no job, the queue's time passes it by: it
// does not fall further behind, and one that is ahead waits for the others. A job is within its
// owner's share when its start is not ahead of the queue's time.
//
// The next job is, of those within the share, the first of:
//   1. those that are past their deadlines by more than kPatience; furthest behind first,
//   2. those that are not past their deadlines; earliest deadline first,
//   3. the others; furthest behind first.
// If none is within the share, it is the one whose start is least ahead. (2 is earliest eligible
// deadline first, as of Stoica and others, with deadlines from outside; the rest is start-time fair
// queueing. Who is late comes last, because under overload serving it first would make the next one
// late, and so on; but not for ever.)
//
// What follows: an owner that always has a job gets an equal share while all others have one, and
// what they leave otherwise, however urgent others call their jobs. And nobody starves: kPatience
// after its deadline, a job waits only for those that have waited as long and had less.
//
// Jobs of one owner never run at the same time.
#ifndef SHADOWTUTOR_SERVER_FAIR_QUEUE_H_
#define SHADOWTUTOR_SERVER_FAIR_QUEUE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>

namespace shadowtutor::server {

/// Knows no thread and asks for no time: whoever runs the jobs says how long they took.
///
/// Thread safety: one thread at a time.
class FairQueue {
 public:
  using Clock = std::chrono::steady_clock;
  using Job = std::function<void()>;

  struct Entry {
    uint64_t owner = 0;
    Job job = {};
    Clock::time_point deadline = {};
    Clock::duration start = {};  // on the owner's clock
  };

  /// Nobody is further behind than this, however long it had to wait.
  static constexpr Clock::duration kMostBehind = std::chrono::seconds(1);
  static constexpr Clock::duration kPatience = std::chrono::seconds(3);

  /// At most `max_queued` jobs wait.
  explicit FairQueue(size_t max_queued) : max_queued_(max_queued) {}

  /// Adds a job. Returns false and leaves it to the caller when the queue is full or the owner has
  /// one that waits.
  bool Add(uint64_t owner, Clock::time_point deadline, Job&& job);
  /// Whether a job may run now: one waits whose owner is not occupied.
  bool CanTake() const;
  /// The next job as of `now`, only when CanTake(). Its owner is occupied until Done.
  Entry Take(Clock::time_point now);
  /// The job of Take has ended. What is in `done.job` does not matter.
  void Done(const Entry& done, Clock::duration took);

  /// Takes the owner's job that waits out of the queue; without a job if there is none.
  Entry Remove(uint64_t owner);
  /// Takes all jobs out of the queue.
  std::deque<Entry> Clear();

  /// For jobs that are run past the queue: no job of the owner runs until Release.
  void Occupy(uint64_t owner) { occupied_.insert(owner); }
  void Release(uint64_t owner) { occupied_.erase(owner); }
  bool Occupied(uint64_t owner) const { return occupied_.contains(owner); }

  size_t waiting() const { return queue_.size(); }
  /// Jobs between Take and Done.
  size_t running() const { return running_.size(); }

 private:
  // Of an owner that has no job, as of the end of its last one.
  struct Account {
    Clock::duration ahead_until{};  // its clock, if that was ahead of the queue's time
    Clock::duration behind{};       // by how much it was behind
  };

  /// How many owners have a job that waits or runs.
  size_t Active() const;

  const size_t max_queued_;
  std::deque<Entry> queue_;  // as they came
  Clock::duration now_{};    // the queue's time
  std::map<uint64_t, Account> accounts_;
  std::set<uint64_t> occupied_, running_;  // owners
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_FAIR_QUEUE_H_
