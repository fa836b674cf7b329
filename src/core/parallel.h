// The one front to the thread pool (oneTBB): a loop over independent tasks.
//
// Which thread runs which task is left open, so tasks must not depend on it; everything that the
// engine computes is split into tasks by its own shape, never by the number of threads, which is
// what makes results independent of it.
#ifndef SHADOWTUTOR_CORE_PARALLEL_H_
#define SHADOWTUTOR_CORE_PARALLEL_H_

#include <type_traits>
#include <utility>

namespace shadowtutor {

namespace internal {
using TaskFunction = void (*)(void* context, int task);
void RunTasks(int tasks, void* context, TaskFunction function);
}  // namespace internal

/// Calls body(0) ... body(tasks - 1), in parallel, and returns when all are done. May be nested and
/// called from several threads at once; they share one pool. Exceptions propagate.
template <typename Body>
void ParallelFor(int tasks, Body&& body) {
  using Plain = std::remove_reference_t<Body>;
  internal::RunTasks(tasks, const_cast<std::remove_const_t<Plain>*>(&body),
                     [](void* context, int task) { (*static_cast<Plain*>(context))(task); });
}

/// Inside a ParallelFor body: a number below ThreadSlots() that no other thread has at the same
/// time in the same loop. For working memory per thread; results must not depend on it.
int ThreadSlot();
int ThreadSlots();

/// Threads that ParallelFor may use, this one included; the machine's cores unless limited, and 1
/// in a SerialScope.
int MaxThreads();

/// While it lives, the loops that this thread starts run on this thread alone: for tasks of an
/// outer loop that are whole enough to keep a core busy by themselves. May be nested.
class SerialScope {
 public:
  SerialScope();
  ~SerialScope();
  SerialScope(const SerialScope&) = delete;
  SerialScope& operator=(const SerialScope&) = delete;
};

/// Limits the pool of the whole process while it lives. `threads` >= 1; 0 means no limit.
class ThreadLimit {
 public:
  explicit ThreadLimit(int threads);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  void* control_ = nullptr;
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_PARALLEL_H_
