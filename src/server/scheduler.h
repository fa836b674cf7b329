// Who computes next: a bounded queue of jobs, first come first served, and a few threads.
//
// The server has two: one with a single thread, which is how a teacher is used by one thread at a
// time, and one for training. A session never has more than one job in either, so that first come
// first served is fair: whoever has many key frames waits between them like everybody else.
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

namespace shadowtutor::server {

class Scheduler {
 public:
  /// Must not throw: whoever submits it knows whom to tell of a failure.
  using Job = std::function<void()>;

  /// Starts `threads` (>= 1) threads that share a queue of at most `max_queued` jobs.
  Scheduler(int threads, size_t max_queued);
  /// Shuts down.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// False, and the job is dropped, when the queue is full, when the owner has a job in it already,
  /// or after Shutdown.
  bool Submit(uint64_t owner, Job job) ST_EXCLUDES(state_->mutex);
  /// Drops the owner's job if it has not begun; says whether there was one.
  bool Forget(uint64_t owner) ST_EXCLUDES(state_->mutex);
  /// Takes no more jobs, drops those in the queue, and waits for those that run, without `timeout`
  /// for as long as they take. False: one still ran at the end of it and is left to itself; its
  /// thread ends when it does. Not to be called by a job.
  bool Shutdown(std::optional<std::chrono::milliseconds> timeout = std::nullopt)
      ST_EXCLUDES(join_mutex_, state_->mutex);


 private:
  struct Entry {
    uint64_t owner;
    Job job;
  };
  // Shared with the threads, because one that is left to itself outlives the scheduler.
  struct State {
    mutable Mutex mutex;
    CondVar wake, ended;
    std::deque<Entry> queue ST_GUARDED_BY(mutex);
    bool shut_down ST_GUARDED_BY(mutex) = false;
    int working ST_GUARDED_BY(mutex) = 0;  // threads that have not ended
  };
  static void Work(const std::shared_ptr<State>& state);

  const size_t max_queued_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  Mutex join_mutex_ ST_ACQUIRED_BEFORE(state_->mutex);  // held while threads are joined or left
  std::vector<std::thread> threads_ ST_GUARDED_BY(join_mutex_);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_SCHEDULER_H_
