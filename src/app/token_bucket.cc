#include "app/token_bucket.h"

#include <algorithm>
#include <cmath>

#include "shadowtutor/types.h"

namespace shadowtutor::app {

TokenBucket::TokenBucket(double bytes_per_second, size_t burst, Clock::time_point now)
    : rate_(bytes_per_second),
      burst_(static_cast<double>(burst)),
      tokens_(static_cast<double>(burst)),
      then_(now) {
  if (!(rate_ > 0) || !std::isfinite(rate_) || burst == 0) {
    throw Error(ErrorCode::kInvalidArgument, "the bandwidth must be a number above 0");
  }
}

void TokenBucket::Fill(Clock::time_point now) {
  if (now <= then_) return;
  tokens_ = std::min(burst_, tokens_ + rate_ * std::chrono::duration<double>(now - then_).count());
  then_ = now;
}

size_t TokenBucket::Available(size_t want, Clock::time_point now) {
  Fill(now);
  return std::min(want, static_cast<size_t>(std::max(tokens_, 0.0)));
}

void TokenBucket::Take(size_t bytes) { tokens_ -= static_cast<double>(bytes); }

TokenBucket::Clock::duration TokenBucket::Until(size_t bytes, Clock::time_point now) {
  Fill(now);
  const double missing = std::min(static_cast<double>(bytes), burst_) - tokens_;
  if (missing <= 0) return Clock::duration::zero();
  // Rounded up, so that whoever waits so long finds them there.
  return std::chrono::duration_cast<Clock::duration>(
             std::chrono::duration<double>(missing / rate_)) +
         Clock::duration(1);
}

}  // namespace shadowtutor::app
