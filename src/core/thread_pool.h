// A pool of threads that help with parallel loops, for builds without oneTBB. Use it through
// core/parallel.h.
//
// Whoever starts a loop works on it itself, one task after the other, and threads of the pool that
// have nothing to do join in. The caller waits only for tasks that a helper has begun, never for a
// helper to come, so loops in tasks of loops cannot wait for each other in a circle.
#ifndef SHADOWTUTOR_CORE_THREAD_POOL_H_
#define SHADOWTUTOR_CORE_THREAD_POOL_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "core/parallel_mode.h"

namespace shadowtutor {

/// Thread safety: any thread, but the destructor, during which no loop may run or begin.
class ThreadPool {
 public:
  /// How long a thread that waits stays awake: longer than the pauses between the loops of one
  /// prediction, since waking it takes longer than many of them; shorter than those between frames.
  static constexpr std::chrono::microseconds kAwake{200};

  /// A pool whose loops run on at most `slots` threads, the caller included. Its `slots` - 1
  /// threads start when a loop first has use for them. They take no signals: those are for the
  /// program's own threads. If the system starts no more threads, the pool does with fewer.
  explicit ThreadPool(int slots, std::chrono::microseconds awake = kAwake);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Calls function(context, 0) ... function(context, tasks - 1) and returns when all have
  /// returned. Helpers join while fewer than `most` - 1 are busy in the whole pool, and compute in
  /// the caller's FloatMode. Rethrows an exception of a task; the tasks that had not begun are left
  /// out. A task may call it as well. Allocates nothing once the threads run.
  void Run(int tasks, void* context, internal::TaskFunction function, int most);

  /// Ends the pool's threads after the tasks that they are at, and joins them. Loops go on and
  /// begin with their callers alone. Not to be called by a task.
  void Stop() ST_EXCLUDES(mutex_);

  int slots() const { return slots_; }
  /// 0 in a caller's thread, and in each of a pool's threads another number below `slots`.
  static int Slot();

 private:
  struct Loop;

  void Open(Loop& loop) ST_EXCLUDES(mutex_);
  void Work(Loop& loop) ST_EXCLUDES(mutex_);
  void Close(Loop& loop) ST_EXCLUDES(mutex_);
  void StartThreadsLocked(int threads) ST_REQUIRES(mutex_);
  void Help(int slot);
  Loop* NextLoop(Loop* last) ST_EXCLUDES(mutex_);
  Loop* FindLoopLocked() const ST_REQUIRES(mutex_);
  void Sleep() ST_EXCLUDES(mutex_);

  const int slots_;
  const std::chrono::microseconds awake_;
  std::atomic<uint32_t> announced_ = 0;  // changes when there is a new loop or nothing more to do
  std::atomic<bool> stopping_ = false;   // set with the mutex held

  Mutex mutex_;
  CondVar work_;  // for helpers: a loop, or the end
  CondVar left_;  // for callers: a helper has left its loop
  std::vector<std::thread> threads_ ST_GUARDED_BY(mutex_);
  Loop* loops_ ST_GUARDED_BY(mutex_) = nullptr;  // those that helpers may join, newest first
  int busy_ ST_GUARDED_BY(mutex_) = 0;           // helpers in a loop
  int asleep_ ST_GUARDED_BY(mutex_) = 0;         // helpers in Sleep
  int waiting_ ST_GUARDED_BY(mutex_) = 0;        // callers that wait for `left_`
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_THREAD_POOL_H_
