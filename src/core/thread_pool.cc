#include "core/thread_pool.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <exception>
#include <system_error>
#include <utility>

#include "core/float_mode.h"

namespace shadowtutor {
namespace {

thread_local int this_slot = 0;

// While it lives, this thread gets no signals, nor do the threads that it starts, ever. Signals are
// for the program's own threads, and the thread sanitizer crashes when one comes to a thread that
// is just starting or ending.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// Whether `ready()` is true within `time`. Other threads that could run do so meanwhile.
template <typename Ready>
bool StayAwake(std::chrono::microseconds time, Ready ready) {
  if (ready()) return true;
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 8; ++i) {
      std::this_thread::yield();
      if (ready()) return true;
    }
  }
  return false;
}

}  // namespace

// A call of Run, on the stack of its caller. The tasks are split into as many shares of neighbours
// as threads may come. A thread begins with the share of its slot, so that it finds in its cache
// what lies beside its last task and what it wrote in the loop before; then it goes on to the
// others'.
struct ThreadPool::Loop {
  struct alignas(64) Share {  // a cache line each
    std::atomic<int> next = 0;
    int end = 0;
  };
  static constexpr int kMostShares = 16;

  Loop(int tasks, void* to, internal::TaskFunction body, int threads)
      : context(to),
        function(body),
        most(threads),
        wanted(std::min(tasks, threads) - 1),
        share_count(std::clamp(wanted + 1, 1, kMostShares)) {
    for (int i = 0; i < share_count; ++i) {
      share(i).next = static_cast<int>(int64_t{tasks} * i / share_count);
      share(i).end = static_cast<int>(int64_t{tasks} * (i + 1) / share_count);
    }
  }

  Share& share(int i) { return shares[static_cast<size_t>(i)]; }

  // Begins no more tasks.
  void End() {
    for (int i = 0; i < share_count; ++i) share(i).next = share(i).end;
  }

  std::array<Share, kMostShares> shares;
  void* const context;
  const internal::TaskFunction function;
  const FloatMode mode = FloatMode::OfThisThread();
  std::exception_ptr error = nullptr;  // the first one; guarded by the pool's mutex
  Loop* older = nullptr;               // the next in `loops_`; guarded by the pool's mutex
  const int most;                      // may compute when a helper has joined
  const int wanted;                    // helpers
  const int share_count;
  std::atomic<int> helpers = 0;     // changed with the pool's mutex held
  std::atomic<bool> begun = false;  // all tasks have begun
};

ThreadPool::ThreadPool(int slots, std::chrono::microseconds awake)
    : slots_(std::max(1, slots)), awake_(awake) {}

ThreadPool::~ThreadPool() { Stop(); }

int ThreadPool::Slot() { return this_slot; }

void ThreadPool::Run(int tasks, void* context, internal::TaskFunction function, int most) {
  Loop loop(tasks, context, function, std::min(most, slots_));
  Open(loop);
  Work(loop);
  Close(loop);
  if (loop.error) std::rethrow_exception(loop.error);
}

void ThreadPool::Open(Loop& loop) {
  int wake = 0;
  {
    const MutexLock lock(mutex_);
    StartThreadsLocked(loop.wanted);
    loop.older = std::exchange(loops_, &loop);
    announced_.fetch_add(1, std::memory_order_release);
    const int awake = static_cast<int>(threads_.size()) - busy_ - asleep_;
    wake = std::clamp(std::min(loop.wanted, loop.most - 1 - busy_) - awake, 0, asleep_);
  }
  for (; wake > 0; --wake) work_.NotifyOne();
}

void ThreadPool::StartThreadsLocked(int threads) {
  if (static_cast<int>(threads_.size()) >= threads || stopping_) return;
  threads_.reserve(static_cast<size_t>(threads));
  const SignalsBlocked blocked;
  try {
    while (static_cast<int>(threads_.size()) < threads) {
      threads_.emplace_back([this, slot = static_cast<int>(threads_.size()) + 1] { Help(slot); });
    }
  } catch (const std::system_error&) {
    // The next loop tries again.
  }
}

void ThreadPool::Work(Loop& loop) {
  void* const context = loop.context;
  const internal::TaskFunction function = loop.function;
  try {
    for (int i = 0; i < loop.share_count; ++i) {
      Loop::Share& share = loop.share((this_slot + i) % loop.share_count);
      const int end = share.end;
      for (int task = share.next++; task < end; task = share.next++) function(context, task);
    }
  } catch (...) {
    loop.End();
    const MutexLock lock(mutex_);
    if (!loop.error) loop.error = std::current_exception();
  }
  loop.begun = true;
}

void ThreadPool::Close(Loop& loop) {
  {
    const MutexLock lock(mutex_);
    Loop** at = &loops_;
    while (*at != &loop) at = &(*at)->older;
    *at = loop.older;
  }
  // A helper that has left does not touch the loop any more, so it may go at once.
  const auto left = [&] { return loop.helpers.load(std::memory_order_acquire) == 0; };
  if (StayAwake(awake_, left)) return;
  const MutexLock lock(mutex_);
  ++waiting_;
  left_.Wait(mutex_, left);
  --waiting_;
}

void ThreadPool::Help(int slot) {
  this_slot = slot;
  Loop* loop = nullptr;
  while (!stopping_) {
    const uint32_t before = announced_.load(std::memory_order_acquire);
    loop = NextLoop(loop);
    if (loop) {
      const FloatModeScope scope(loop->mode);
      Work(*loop);
    } else if (!StayAwake(awake_, [&] { return announced_.load() != before; })) {
      Sleep();
    }
  }
  NextLoop(loop);
}

// Leaves `last`, if it is not null, and joins another loop, if there is one.
ThreadPool::Loop* ThreadPool::NextLoop(Loop* last) {
  const MutexLock lock(mutex_);
  if (last) {
    --busy_;
    if (last->helpers.fetch_sub(1, std::memory_order_acq_rel) == 1 && waiting_ > 0) {
      left_.NotifyAll();
    }
  }
  Loop* const loop = FindLoopLocked();
  if (loop) {
    ++busy_;
    ++loop->helpers;
  }
  return loop;
}

// The loop that needs a helper most: the one that has the fewest.
ThreadPool::Loop* ThreadPool::FindLoopLocked() const {
  Loop* best = nullptr;
  if (stopping_) return best;
  for (Loop* loop = loops_; loop; loop = loop->older) {
    if (loop->begun || busy_ >= loop->most - 1) continue;
    if (!best || loop->helpers < best->helpers) best = loop;
  }
  return best;
}

void ThreadPool::Sleep() {
  const MutexLock lock(mutex_);
  ++asleep_;
  work_.Wait(mutex_, [this]() ST_REQUIRES(mutex_) { return stopping_ || FindLoopLocked(); });
  --asleep_;
}

void ThreadPool::Stop() {
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    announced_.fetch_add(1, std::memory_order_release);
    threads.swap(threads_);
    work_.NotifyAll();
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace shadowtutor
