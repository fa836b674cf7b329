// Measures how long the teacher's calls under way have taken. When one takes too long, the server
// answers its client with an error. When as many take too long as may be under way at a time, the
// teacher is stuck: the server answers all waiting clients with errors and gives it no more frames
// until one returns. It asks the teacher to end its calls, which most cannot, when nobody waits for
// any of them.
#ifndef SHADOWTUTOR_SERVER_TEACHER_WATCH_H_
#define SHADOWTUTOR_SERVER_TEACHER_WATCH_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

#include "core/mutex.h"

namespace shadowtutor::server {

/// Thread safety: all functions may be called from any thread; there may be only one call for an
/// owner at a time.
class TeacherWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// `most` calls are under way at a time at most; more than 0.
  explicit TeacherWatch(int most = 1) : most_(static_cast<size_t>(most)) {}

  /// A call of the teacher begins, for the conversation numbered `owner`.
  void Begin(uint64_t owner, Clock::time_point now = Clock::now()) {
    const MutexLock lock(mutex_);
    calls_[owner] = {now, false};
  }
  /// The owner's call has returned. Returns how long it took.
  std::chrono::milliseconds End(uint64_t owner) {
    const MutexLock lock(mutex_);
    const auto call = calls_.find(owner);
    const auto took = Clock::now() - call->second.began;
    calls_.erase(call);
    return std::chrono::duration_cast<std::chrono::milliseconds>(took);
  }

  /// Whether the owner's call has taken longer than `timeout`.
  bool Overdue(uint64_t owner, Clock::time_point now, std::chrono::milliseconds timeout) const {
    const MutexLock lock(mutex_);
    const auto call = calls_.find(owner);
    return call != calls_.end() && now - call->second.began > timeout;
  }
  /// Whether no further call can begin before one returns that has taken longer than `timeout`.
  bool Stuck(Clock::time_point now, std::chrono::milliseconds timeout) const {
    const MutexLock lock(mutex_);
    return calls_.size() >= most_ && AllOverdue(now, timeout);
  }

  /// Calls `interrupt`, which must not wait, if all calls under way have taken longer than
  /// `timeout`: once for the same calls, and not when all have returned meanwhile.
  template <typename Interrupt>
  void InterruptOverdue(Clock::time_point now, std::chrono::milliseconds timeout,
                        Interrupt&& interrupt) {
    const MutexLock lock(mutex_);
    if (!AllOverdue(now, timeout)) return;
    const bool again = std::all_of(calls_.begin(), calls_.end(),
                                   [](const auto& entry) { return entry.second.interrupted; });
    if (again) return;
    for (auto& entry : calls_) entry.second.interrupted = true;
    interrupt();
  }

 private:
  struct Call {
    Clock::time_point began;
    bool interrupted;
  };

  /// False when there is none.
  bool AllOverdue(Clock::time_point now, std::chrono::milliseconds timeout) const
      ST_REQUIRES(mutex_) {
    return !calls_.empty() && std::all_of(calls_.begin(), calls_.end(), [&](const auto& entry) {
      return now - entry.second.began > timeout;
    });
  }

  const size_t most_;
  mutable Mutex mutex_;
  std::map<uint64_t, Call> calls_ ST_GUARDED_BY(mutex_);  // by owner
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_TEACHER_WATCH_H_
