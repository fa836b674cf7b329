// Who computes next: a bounded queue of jobs, first come first served, and a few threads.
//
// The server has two: one with a single thread, which is how a teacher is used by one thread at a
// time, and one for training. A session never has more than one job in either, so that first come
// first served is fair: whoever has many key frames waits between them like everybody else.
//
// Thread safety: all functions may be called from any thread.
#ifndef SHADOWTUTOR_SERVER_SCHEDULER_H_
#define SHADOWTUTOR_SERVER_SCHEDULER_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

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
  bool Submit(uint64_t owner, Job job);
  /// Drops the owner's job if it has not begun; says whether there was one.
  bool Forget(uint64_t owner);
  /// Takes no more jobs, drops those in the queue, and waits for those that run. Not to be called
  /// by a job.
  void Shutdown();

  size_t queued() const;

 private:
  struct Entry {
    uint64_t owner;
    Job job;
  };
  void Work();

  const size_t max_queued_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Entry> queue_;
  bool shut_down_ = false;
  std::mutex join_mutex_;
  std::vector<std::thread> threads_;  // joined under join_mutex_
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_SCHEDULER_H_
