// Measures how long the teacher's current call has taken. When it takes too long, the server
// answers the waiting clients with errors, asks the teacher to end the call, which most cannot, and
// gives it no more frames until it returns.
#ifndef SHADOWTUTOR_SERVER_TEACHER_WATCH_H_
#define SHADOWTUTOR_SERVER_TEACHER_WATCH_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/mutex.h"

namespace shadowtutor::server {

/// Thread safety: all functions may be called from any thread; there may be only one call of the
/// teacher at a time.
class TeacherWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// A call of the teacher begins, for the conversation numbered `owner`.
  void Begin(uint64_t owner) {
    const MutexLock lock(mutex_);
    call_ = Call{owner, Clock::now(), false};
  }
  /// The call has returned. Returns how long it took.
  std::chrono::milliseconds End() {
    const MutexLock lock(mutex_);
    const auto took = Clock::now() - call_.value().began;
    call_.reset();
    return std::chrono::duration_cast<std::chrono::milliseconds>(took);
  }

  /// The owner of the current call if that has taken longer than `timeout`, otherwise nullopt.
  std::optional<uint64_t> Overdue(Clock::time_point now, std::chrono::milliseconds timeout) const {
    const MutexLock lock(mutex_);
    if (!call_ || now - call_->began <= timeout) return std::nullopt;
    return call_->owner;
  }

  /// Calls `interrupt`, which must not wait, if the current call has taken longer than `timeout`:
  /// once for a call, and not when that has returned meanwhile.
  template <typename Interrupt>
  void InterruptOverdue(Clock::time_point now, std::chrono::milliseconds timeout,
                        Interrupt&& interrupt) {
    const MutexLock lock(mutex_);
    if (!call_ || call_->interrupted || now - call_->began <= timeout) return;
    call_->interrupted = true;
    interrupt();
  }

 private:
  struct Call {
    uint64_t owner;
    Clock::time_point began;
    bool interrupted;
  };
  mutable Mutex mutex_;
  std::optional<Call> call_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_TEACHER_WATCH_H_
