// Which lines of the log are written: not more than so many, whatever clients do.
#ifndef SHADOWTUTOR_SERVER_LOG_GATE_H_
#define SHADOWTUTOR_SERVER_LOG_GATE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/allowance.h"
#include "core/mutex.h"

namespace shadowtutor::server {

/// Thread safety: all functions may be called from any thread.
class LogGate {
 public:
  using Clock = Allowance::Clock;

  /// Lines about one client's doings, and those of all.
  static constexpr Rate kPerSource{60, std::chrono::milliseconds(250)};
  static constexpr Rate kInAll{600, std::chrono::milliseconds(25)};
  /// How often it is said how many lines were left out.
  static constexpr std::chrono::seconds kReportEvery{5};

  /// Whether a line that a client caused is written. `source` is the client's address, or whatever
  /// tells clients apart.
  bool Admit(const std::string& source, Clock::time_point now) ST_EXCLUDES(mutex_);
  /// The number of lines that were left out, when it is time to say so; it starts anew then.
  std::optional<uint64_t> TakeLeftOut(Clock::time_point now) ST_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  Allowance in_all_ ST_GUARDED_BY(mutex_){kInAll};
  std::map<std::string, Allowance> by_source_ ST_GUARDED_BY(mutex_);  // without those that are full
  uint64_t left_out_ ST_GUARDED_BY(mutex_) = 0;
  std::optional<Clock::time_point> reported_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_LOG_GATE_H_
