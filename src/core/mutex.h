// A mutex, its lock and its condition variable: those of the standard library, annotated so that
// Clang can check at compile time that guarded members are used only with the lock held. The
// annotations cost nothing at run time.
//
//   class Queue {
//    public:
//     void Push(int number) ST_EXCLUDES(mutex_) {
//       const MutexLock lock(mutex_);
//       numbers_.push_back(number);
//       changed_.NotifyOne();
//     }
//     int WaitAndPop() ST_EXCLUDES(mutex_) {
//       const MutexLock lock(mutex_);
//       changed_.Wait(mutex_, [this]() ST_REQUIRES(mutex_) { return !numbers_.empty(); });
//       return PopLocked();
//     }
//
//    private:
//     int PopLocked() ST_REQUIRES(mutex_);
//
//     Mutex mutex_;
//     CondVar changed_;
//     std::deque<int> numbers_ ST_GUARDED_BY(mutex_);
//   };
//
// docs/threads.md lists every mutex of the project.
#ifndef SHADOWTUTOR_CORE_MUTEX_H_
#define SHADOWTUTOR_CORE_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "core/thread_annotations.h"

namespace shadowtutor {

/// Held by one thread at a time. Not recursive. Lock it with a MutexLock.
class ST_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ST_ACQUIRE() { mutex_.lock(); }
  void Unlock() ST_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

/// Holds a mutex from its construction to the end of its scope.
///
/// Thread safety: used by the thread that made it.
class ST_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ST_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() ST_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits for a change of members that a mutex guards. The caller of a Wait function holds the
/// mutex; it is released during the wait, and is held whenever the predicate runs and when the
/// function returns. A predicate that reads guarded members is annotated like a function:
/// []() ST_REQUIRES(mutex) { ... }.
///
/// Thread safety: any thread.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  void NotifyOne() noexcept { condition_.notify_one(); }
  void NotifyAll() noexcept { condition_.notify_all(); }

  // The predicate's annotation names the mutex as the calling code does, and Clang cannot see that
  // it is the parameter `mutex` here. So these bodies are not analysed; their callers are.

  /// Returns when `ready()` is true.
  template <typename Predicate>
  void Wait(Mutex& mutex, Predicate ready) ST_REQUIRES(mutex) ST_NO_THREAD_SAFETY_ANALYSIS {
    Adopted adopted(mutex);
    condition_.wait(adopted.lock, std::move(ready));
  }
  /// Returns when `ready()` is true or `time` has passed; the result is that of the last `ready()`.
  template <typename Rep, typename Period, typename Predicate>
  bool WaitFor(Mutex& mutex, const std::chrono::duration<Rep, Period>& time, Predicate ready)
      ST_REQUIRES(mutex) ST_NO_THREAD_SAFETY_ANALYSIS {
    Adopted adopted(mutex);
    return condition_.wait_for(adopted.lock, time, std::move(ready));
  }
  /// Returns when `ready()` is true or at `deadline`; the result is that of the last `ready()`.
  template <typename Clock, typename Duration, typename Predicate>
  bool WaitUntil(Mutex& mutex, const std::chrono::time_point<Clock, Duration>& deadline,
                 Predicate ready) ST_REQUIRES(mutex) ST_NO_THREAD_SAFETY_ANALYSIS {
    Adopted adopted(mutex);
    return condition_.wait_until(adopted.lock, deadline, std::move(ready));
  }

 private:
  // Wraps a mutex that is already held in the std::unique_lock that std::condition_variable needs.
  // The mutex stays held at the end, also when the predicate throws.
  struct Adopted {
    explicit Adopted(Mutex& mutex) : lock(mutex.mutex_, std::adopt_lock) {}
    ~Adopted() { lock.release(); }
    Adopted(const Adopted&) = delete;
    Adopted& operator=(const Adopted&) = delete;
    std::unique_lock<std::mutex> lock;
  };

  std::condition_variable condition_;
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_MUTEX_H_
