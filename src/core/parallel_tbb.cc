// Loops on oneTBB's pool of threads.
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <memory>

#include "core/float_mode.h"
#include "core/mutex.h"
#include "core/parallel.h"

namespace shadowtutor {

int internal::AllowedThreads() {
  return static_cast<int>(
      tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
}

void internal::RunOnThreads(int tasks, void* context, TaskFunction function) {
  tbb::parallel_for(
      tbb::blocked_range<int>(0, tasks, 1),
      [=, mode = FloatMode::OfThisThread()](const tbb::blocked_range<int>& range) {
        const FloatModeScope scope(mode);
        for (int task = range.begin(); task < range.end(); ++task) function(context, task);
      },
      tbb::simple_partitioner());
}

int ThreadSlot() {
  // oneTBB gives no index to a thread that is not in an arena; such a thread runs alone.
  const int slot = tbb::this_task_arena::current_thread_index();
  return slot == tbb::task_arena::not_initialized ? 0 : slot;
}

int ThreadSlots() { return tbb::this_task_arena::max_concurrency(); }

struct internal::PoolLimit {
  explicit PoolLimit(int threads)
      : control(tbb::global_control::max_allowed_parallelism, static_cast<size_t>(threads)) {}

  tbb::global_control control;
};

namespace {

// How many ComputingThreads there are, and the limit that follows from it.
class ComputingThreads {
 public:
  void Add(int change) ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (!limit_) threads_ = internal::AllowedThreads();
    count_ += change;
    // The old limit goes after the new one is there; the lower one holds meanwhile.
    auto limit = count_ > 1
                     ? std::make_unique<internal::PoolLimit>(std::max(1, threads_ - count_ + 1))
                     : nullptr;
    limit_.swap(limit);
  }

 private:
  Mutex mutex_;
  int count_ ST_GUARDED_BY(mutex_) = 0;
  int threads_ ST_GUARDED_BY(mutex_) = 1;                             // without `limit_`
  std::unique_ptr<internal::PoolLimit> limit_ ST_GUARDED_BY(mutex_);  // null: not needed
};

ComputingThreads computing_threads;

}  // namespace

ComputingThread::ComputingThread() { computing_threads.Add(1); }

ComputingThread::~ComputingThread() { computing_threads.Add(-1); }

ThreadLimit::ThreadLimit(int threads)
    : limit_(threads > 0 ? std::make_unique<internal::PoolLimit>(threads) : nullptr) {}

ThreadLimit::~ThreadLimit() = default;

}  // namespace shadowtutor
