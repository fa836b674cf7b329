// How busy somebody was lately: the teacher, or those who train.
#ifndef SHADOWTUTOR_SERVER_BUSY_METER_H_
#define SHADOWTUTOR_SERVER_BUSY_METER_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace shadowtutor::server {

/// Adds up the time that jobs took, of which several may run at a time, each counting for itself.
/// Calls come in the order of their times.
///
/// Thread safety: one thread at a time.
class BusyMeter {
 public:
  using Clock = std::chrono::steady_clock;
  /// The longest window of Over.
  static constexpr int kMostSeconds = 60;

  explicit BusyMeter(Clock::time_point start) : start_(start), last_(start) {}

  /// A job begins.
  void Begin(Clock::time_point now);
  /// A job has ended.
  void End(Clock::time_point now);

  /// All of the jobs' time so far.
  Clock::duration Total(Clock::time_point now);
  /// The jobs' time within the last `seconds`, 1 to kMostSeconds, as a share of that time, or of
  /// the time since the start if that is shorter. With n jobs at a time it can be up to n. Accurate
  /// to what a second's even spread makes of it.
  double Over(int seconds, Clock::time_point now);

 private:
  void Advance(Clock::time_point now);
  Clock::duration TotalAt(Clock::time_point time) const;

  const Clock::time_point start_;
  Clock::time_point last_;  // of the last Advance
  int running_ = 0;
  Clock::duration total_{};                               // until last_
  int64_t second_ = 0;                                    // the whole seconds from start_ to last_
  std::array<Clock::duration, kMostSeconds + 2> past_{};  // total at each of the last whole seconds
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_BUSY_METER_H_
