// Loops on a pool of the C++ library's threads, one for the whole process.
#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <thread>

#include "core/mutex.h"
#include "core/parallel.h"
#include "core/thread_pool.h"

namespace shadowtutor {
namespace {

// The cores that this process may use.
int Cores() {
#if defined(__linux__)
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof(cores), &cores) == 0) return std::max(1, CPU_COUNT(&cores));
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Both of the following are never destroyed, since loops may run until the process has ended.

ThreadPool& Pool() {
  static ThreadPool& pool = *new ThreadPool(Cores());
  // When the program exits, the threads end in order. What runs later, runs on its caller's alone.
  static const struct AtExit {
    ~AtExit() { pool.Stop(); }
  } at_exit;
  return pool;
}

// What ThreadLimits and ComputingThreads leave of the pool.
class Limits {
 public:
  int allowed() const { return allowed_.load(std::memory_order_relaxed); }

  void Add(int limit) ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    limits_.insert(limit);
    UpdateLocked();
  }
  void Remove(int limit) ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    limits_.erase(limits_.find(limit));
    UpdateLocked();
  }
  void AddComputingThreads(int change) ST_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    computing_ += change;
    UpdateLocked();
  }

 private:
  void UpdateLocked() ST_REQUIRES(mutex_) {
    const int threads = limits_.empty() ? cores_ : std::min(cores_, *limits_.begin());
    allowed_ = std::max(1, threads - std::max(0, computing_ - 1));
  }

  const int cores_ = Pool().slots();
  std::atomic<int> allowed_ = cores_;

  Mutex mutex_;
  std::multiset<int> limits_ ST_GUARDED_BY(mutex_);  // of the ThreadLimits that live
  int computing_ ST_GUARDED_BY(mutex_) = 0;          // the ComputingThreads that live
};

Limits& TheLimits() {
  static Limits& limits = *new Limits;
  return limits;
}

}  // namespace

int internal::AllowedThreads() { return TheLimits().allowed(); }

void internal::RunOnThreads(int tasks, void* context, TaskFunction function) {
  Pool().Run(tasks, context, function, AllowedThreads());
}

int ThreadSlot() { return ThreadPool::Slot(); }

int ThreadSlots() { return Pool().slots(); }

struct internal::PoolLimit {
  explicit PoolLimit(int limit) : threads(limit) { TheLimits().Add(threads); }
  ~PoolLimit() { TheLimits().Remove(threads); }
  PoolLimit(const PoolLimit&) = delete;
  PoolLimit& operator=(const PoolLimit&) = delete;

  const int threads;
};

ComputingThread::ComputingThread() { TheLimits().AddComputingThreads(1); }

ComputingThread::~ComputingThread() { TheLimits().AddComputingThreads(-1); }

ThreadLimit::ThreadLimit(int threads)
    : limit_(threads > 0 ? std::make_unique<internal::PoolLimit>(threads) : nullptr) {}

ThreadLimit::~ThreadLimit() = default;

}  // namespace shadowtutor
