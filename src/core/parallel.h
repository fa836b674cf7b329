// Parallel loops over independent tasks. What runs them is chosen when the project is configured,
// by SHADOWTUTOR_THREADS: oneTBB, threads of our own (core/thread_pool.h), or the calling thread
// alone. No other code knows which.
//
// Tasks must not depend on which thread runs them. The engine splits its work by the shape of the
// data, never by the number of threads, so its results are the same for any number of threads.
#ifndef SHADOWTUTOR_CORE_PARALLEL_H_
#define SHADOWTUTOR_CORE_PARALLEL_H_

#include <memory>
#include <type_traits>
#include <utility>

#include "core/parallel_mode.h"

namespace shadowtutor {

namespace internal {
void RunTasks(int tasks, void* context, TaskFunction function);
}  // namespace internal

/// Calls body(0) ... body(tasks - 1) in parallel and returns when all have returned. May be nested.
/// Rethrows an exception of a task. Thread safety: any thread; all callers share one pool.
template <typename Body>
void ParallelFor(int tasks, Body&& body) {
  using Plain = std::remove_reference_t<Body>;
  internal::RunTasks(tasks, const_cast<std::remove_const_t<Plain>*>(&body),
                     [](void* context, int task) { (*static_cast<Plain*>(context))(task); });
}

/// Call it inside a ParallelFor body: a number in [0, ThreadSlots()) that no other thread of the
/// same loop has at the same time. It is for choosing working memory; results must not depend on
/// it.
int ThreadSlot();
/// The number of slots: every ThreadSlot() in a loop that this thread starts is below it.
int ThreadSlots();

/// The number of threads that ParallelFor may use, the calling thread included: the number of cores
/// unless a ThreadLimit is lower, what ComputingThreads leave of them, and 1 in a SerialScope.
int MaxThreads();

/// While it lives, the loops that this thread starts run on this thread alone. Meant for tasks of
/// an outer parallel loop that each keep a core busy. May be nested.
class SerialScope {
 public:
  SerialScope();
  ~SerialScope();
  SerialScope(const SerialScope&) = delete;
  SerialScope& operator=(const SerialScope&) = delete;
};

/// Tells the pool that the thread that makes it computes for as long as it lives. While n of them
/// live, the pool has n - 1 threads less, so that together they do not exceed MaxThreads() of
/// before: with n as large as that, each runs its loops alone. Whichever thread's loops need help
/// gets it from what is left, from one loop to the next. To be made by threads that are not the
/// pool's, one at a time each. A ThreadLimit should be older than the first of them.
///
/// Thread safety: any thread.
class ComputingThread {
 public:
  ComputingThread();
  ~ComputingThread();
  ComputingThread(const ComputingThread&) = delete;
  ComputingThread& operator=(const ComputingThread&) = delete;
};

/// While it lives, ParallelFor uses at most `threads` threads in the whole process; 0: no limit.
class ThreadLimit {
 public:
  explicit ThreadLimit(int threads);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  std::unique_ptr<internal::PoolLimit> limit_;  // null: no limit
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_PARALLEL_H_
