// How long the teacher has been at the frame that it looks at. A call into a network cannot be
// broken off; what can be done is to answer without it, and to send nobody else after it.
#ifndef SHADOWTUTOR_SERVER_TEACHER_WATCH_H_
#define SHADOWTUTOR_SERVER_TEACHER_WATCH_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/mutex.h"

namespace shadowtutor::server {

/// Thread safety: all functions may be called from any thread; calls of the teacher do not overlap.
class TeacherWatch {
 public:
  using Clock = std::chrono::steady_clock;

  void Begin(uint64_t owner) {
    const MutexLock lock(mutex_);
    call_ = Call{owner, Clock::now()};
  }
  /// Returns how long the call took.
  std::chrono::milliseconds End() {
    const MutexLock lock(mutex_);
    const auto took = Clock::now() - call_.value().began;
    call_.reset();
    return std::chrono::duration_cast<std::chrono::milliseconds>(took);
  }

  /// Whose frame the teacher has been at for longer than `timeout`; nobody's when it has not.
  std::optional<uint64_t> Overdue(Clock::time_point now, std::chrono::milliseconds timeout) const {
    const MutexLock lock(mutex_);
    if (!call_ || now - call_->began <= timeout) return std::nullopt;
    return call_->owner;
  }

 private:
  struct Call {
    uint64_t owner;
    Clock::time_point began;
  };
  mutable Mutex mutex_;
  std::optional<Call> call_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_TEACHER_WATCH_H_
