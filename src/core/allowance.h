// How often something may happen: so many times at once, and then once in a while.
#ifndef SHADOWTUTOR_CORE_ALLOWANCE_H_
#define SHADOWTUTOR_CORE_ALLOWANCE_H_

#include <algorithm>
#include <chrono>

namespace shadowtutor {

struct Rate {
  int at_once = 1;
  std::chrono::milliseconds every{1000};  // > 0
};

/// What is left of a Rate. Thread safety: one thread at a time.
class Allowance {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Allowance(Rate rate) : rate_(rate) {}

  /// Whether it may happen now; if so, it counts as done.
  bool Take(Clock::time_point now) {
    // `empty_at_` is the moment from which the allowance would have had to grow to be what it is.
    const auto full_since = now - rate_.at_once * rate_.every;
    empty_at_ = std::max(empty_at_, full_since);
    if (now - empty_at_ < rate_.every) return false;
    empty_at_ += rate_.every;
    return true;
  }
  /// Whether nothing of it is used up.
  bool Full(Clock::time_point now) const { return now - empty_at_ >= rate_.at_once * rate_.every; }

 private:
  Rate rate_;
  Clock::time_point empty_at_ = Clock::time_point() - std::chrono::hours(24 * 365);
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_ALLOWANCE_H_
