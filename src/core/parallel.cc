#include "core/parallel.h"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <memory>

#if defined(__SANITIZE_THREAD__)
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <exception>
#include <thread>
#endif

#include "core/float_mode.h"
#include "core/mutex.h"

namespace shadowtutor {

namespace internal {

#if defined(__SANITIZE_THREAD__)
namespace {

// Debian's oneTBB is not built for the thread sanitizer, which would therefore report a race in
// every loop. Threads started by us for each loop are slow, but the sanitizer sees everything that
// they do and finds the races between tasks.
thread_local int slot = 0;

void RunOnTwoThreads(int tasks, void* context, TaskFunction function) {
  std::atomic<int> next{0};
  const FloatMode mode = FloatMode::OfThisThread();
  const auto work = [&]() -> std::exception_ptr {
    const FloatModeScope scope(mode);
    try {
      for (int task = next++; task < tasks; task = next++) function(context, task);
    } catch (...) {
      next = tasks;
      return std::current_exception();
    }
    return nullptr;
  };
  std::exception_ptr theirs;
  // The sanitizer crashes when a signal comes to a thread that is just starting or ending. These
  // threads start so often that it happens; the new one inherits that it gets no signals.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread other([&, their_slot = 1 - slot] {
    slot = their_slot;
    theirs = work();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const std::exception_ptr ours = work();
  other.join();
  if (ours || theirs) std::rethrow_exception(ours ? ours : theirs);
}

}  // namespace
#endif

void RunTasks(int tasks, void* context, TaskFunction function) {
  if (tasks <= 0) return;
  if (tasks == 1 || MaxThreads() == 1) {
    for (int task = 0; task < tasks; ++task) function(context, task);
    return;
  }
#if defined(__SANITIZE_THREAD__)
  RunOnTwoThreads(tasks, context, function);
#else
  tbb::parallel_for(
      tbb::blocked_range<int>(0, tasks, 1),
      [=, mode = FloatMode::OfThisThread()](const tbb::blocked_range<int>& range) {
        const FloatModeScope scope(mode);
        for (int task = range.begin(); task < range.end(); ++task) function(context, task);
      },
      tbb::simple_partitioner());
#endif
}

}  // namespace internal

#if defined(__SANITIZE_THREAD__)
int ThreadSlot() { return internal::slot; }

int ThreadSlots() { return 2; }
#else
int ThreadSlot() {
  // oneTBB gives no index to a thread that is not in an arena; such a thread runs alone.
  const int slot = tbb::this_task_arena::current_thread_index();
  return slot == tbb::task_arena::not_initialized ? 0 : slot;
}

int ThreadSlots() { return tbb::this_task_arena::max_concurrency(); }
#endif

namespace {
thread_local int serial_scopes = 0;
}  // namespace

SerialScope::SerialScope() { ++serial_scopes; }

SerialScope::~SerialScope() { --serial_scopes; }

namespace {

int PoolLimit() {
  return static_cast<int>(
      tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
}

// How many ComputingThreads there are, and the limit that follows from it.
class ComputingThreads {
 public:
  void Add(int change) ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (!limit_) threads_ = PoolLimit();
    count_ += change;
    // The old limit goes after the new one is there; the lower one holds meanwhile.
    auto limit = count_ > 1 ? std::make_unique<tbb::global_control>(
                                  tbb::global_control::max_allowed_parallelism,
                                  static_cast<size_t>(std::max(1, threads_ - count_ + 1)))
                            : nullptr;
    limit_.swap(limit);
  }

 private:
  Mutex mutex_;
  int count_ ST_GUARDED_BY(mutex_) = 0;
  int threads_ ST_GUARDED_BY(mutex_) = 1;                             // without `limit_`
  std::unique_ptr<tbb::global_control> limit_ ST_GUARDED_BY(mutex_);  // null: not needed
};

ComputingThreads computing_threads;

}  // namespace

ComputingThread::ComputingThread() { computing_threads.Add(1); }

ComputingThread::~ComputingThread() { computing_threads.Add(-1); }

int MaxThreads() { return serial_scopes > 0 ? 1 : PoolLimit(); }

ThreadLimit::ThreadLimit(int threads) {
  if (threads > 0) {
    control_ = new tbb::global_control(tbb::global_control::max_allowed_parallelism,
                                       static_cast<size_t>(threads));
  }
}

ThreadLimit::~ThreadLimit() { delete static_cast<tbb::global_control*>(control_); }

}  // namespace shadowtutor
