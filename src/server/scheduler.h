// A bounded queue of jobs and a few threads that run them: the most urgent first, with a fair share
// of the time for each owner of jobs (fair_queue.h says in which order).
//
// The server has two schedulers: one for labelling, whose threads are the only ones that use the
// teacher, and one for training, whose threads train side by side. Jobs of one owner never run
// at the same time. A session has at most one job waiting in each of them, so a client with many
// key frames cannot keep the others from their turn, nor can one with large ones, or with hurry.
//
// There are idle jobs, too: work that is of use but that nobody waits for. They run only while no
// other job waits or runs, and do not count as their owner's time. They take turns by owner.
//
// Thread safety: all functions may be called from any thread.
#ifndef SHADOWTUTOR_SERVER_SCHEDULER_H_
#define SHADOWTUTOR_SERVER_SCHEDULER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "server/busy_meter.h"
#include "server/fair_queue.h"

namespace shadowtutor::server {

class Scheduler {
 public:
  /// Must not throw: a job itself tells the client of a failure.
  using Job = std::function<void()>;

  using Clock = std::chrono::steady_clock;
  /// A job without a deadline has one so long after it came: the least stride of the presets, at 30
  /// frames a second.
  static constexpr std::chrono::milliseconds kUsualSlack{267};
  /// The time, for tests to replace.
  using Now = Clock::time_point (*)();

  /// Starts `threads` (>= 1) threads that share a queue of at most `max_queued` jobs.
  Scheduler(int threads, size_t max_queued, Now now = Clock::now);
  /// Shuts down.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Adds a job to the queue, which should end by its deadline. Returns false and drops the job
  /// when the queue is full, when the owner already has a job in it, or after Shutdown.
  bool Submit(uint64_t owner, Job job, std::optional<Clock::time_point> deadline = std::nullopt)
      ST_EXCLUDES(state_->mutex);
  /// Adds an idle job. It should ask Waiting() often and end soon when that is true. Returns false
  /// and drops the job when as many idle jobs wait as jobs may, when the owner already has an idle
  /// job that waits, or after Shutdown.
  bool SubmitIdle(uint64_t owner, Job job) ST_EXCLUDES(state_->mutex);
  /// Whether a running idle job should end: a job that is not idle waits or runs, or Shutdown was
  /// called.
  bool Waiting() const ST_EXCLUDES(state_->mutex);
  /// Drops the owner's jobs that have not begun. Returns whether one that is not idle was among
  /// them.
  bool Forget(uint64_t owner) ST_EXCLUDES(state_->mutex);
  /// Drops only the owner's idle job, if it has not begun. Returns whether there was one.
  bool ForgetIdle(uint64_t owner) ST_EXCLUDES(state_->mutex);

  struct Load {
    int threads = 0;
    size_t running = 0, queued = 0;  // jobs that are not idle
    double busy_s = 0, idle_s = 0;   // what jobs, and idle jobs, took since the start
    /// The share of the threads' time that jobs took, of the last 10 s and 60 s: 0 to 1.
    double busy_10s = 0, busy_60s = 0;
    double idle_10s = 0, idle_60s = 0;  // the same of idle jobs
  };
  Load load() const ST_EXCLUDES(state_->mutex);

  /// Takes no more jobs, drops those in the queue, and waits for the running ones: for at most
  /// `timeout`, or without a limit if it is not given. Returns false when a job still ran after
  /// that time; its thread is then detached and ends with the job. Must not be called by a job.
  bool Shutdown(std::optional<std::chrono::milliseconds> timeout = std::nullopt)
      ST_EXCLUDES(join_mutex_, state_->mutex);

 private:
  struct IdleEntry {
    uint64_t owner;
    Job job;
  };
  // Shared with the threads, because a detached thread outlives the scheduler.
  struct State {
    State(size_t max_queued, Clock::time_point start)
        : queue(max_queued), jobs(start), idle_jobs(start) {}
    mutable Mutex mutex;
    CondVar wake, ended;
    FairQueue queue ST_GUARDED_BY(mutex);
    std::deque<IdleEntry> idle ST_GUARDED_BY(mutex);  // as they came
    bool shut_down ST_GUARDED_BY(mutex) = false;
    int working ST_GUARDED_BY(mutex) = 0;  // threads that have not ended
    BusyMeter jobs ST_GUARDED_BY(mutex), idle_jobs ST_GUARDED_BY(mutex);
  };
  static void Work(const std::shared_ptr<State>& state, Now now);
  /// The idle job to run next; idle.end() if none may run now.
  static std::deque<IdleEntry>::iterator NextIdle(State& state) ST_REQUIRES(state.mutex);
  static void Run(State& state, FairQueue::Entry& next, Now now) ST_EXCLUDES(state.mutex);
  static void RunIdle(State& state, IdleEntry& next, Now now) ST_EXCLUDES(state.mutex);
  /// Takes the owner's idle job out; empty if there is none.
  static Job TakeIdleOf(uint64_t owner, State& state) ST_REQUIRES(state.mutex);

  const int count_;
  const size_t max_queued_;
  const Now now_;
  const std::shared_ptr<State> state_;
  Mutex join_mutex_ ST_ACQUIRED_BEFORE(state_->mutex);  // held while threads are joined or detached
  std::vector<std::thread> threads_ ST_GUARDED_BY(join_mutex_);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_SCHEDULER_H_
