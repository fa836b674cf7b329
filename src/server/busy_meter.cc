#include "server/busy_meter.h"

#include <algorithm>

namespace shadowtutor::server {

void BusyMeter::Begin(Clock::time_point now) {
  Advance(now);
  ++running_;
}

void BusyMeter::End(Clock::time_point now) {
  Advance(now);
  --running_;
}

BusyMeter::Clock::duration BusyMeter::Total(Clock::time_point now) {
  Advance(now);
  return total_;
}

double BusyMeter::Over(int seconds, Clock::time_point now) {
  Advance(now);
  const Clock::duration window =
      std::min<Clock::duration>(std::chrono::seconds(seconds), last_ - start_);
  if (window <= Clock::duration::zero()) return running_;
  return static_cast<double>((total_ - TotalAt(last_ - window)).count()) /
         static_cast<double>(window.count());
}

void BusyMeter::Advance(Clock::time_point now) {
  if (now <= last_) return;
  const auto size = static_cast<int64_t>(past_.size());
  const int64_t second = (now - start_) / std::chrono::seconds(1);
  for (int64_t s = std::max(second_ + 1, second - size + 1); s <= second; ++s) {
    const Clock::time_point then = start_ + std::chrono::seconds(s);
    past_[static_cast<size_t>(s % size)] = total_ + running_ * (then - last_);
  }
  total_ += running_ * (now - last_);
  second_ = second;
  last_ = now;
}

// `time` lies at most kMostSeconds before last_.
BusyMeter::Clock::duration BusyMeter::TotalAt(Clock::time_point time) const {
  const auto size = static_cast<int64_t>(past_.size());
  const int64_t second = (time - start_) / std::chrono::seconds(1);
  const Clock::time_point from = start_ + std::chrono::seconds(second);
  const Clock::duration before = past_[static_cast<size_t>(second % size)];
  const bool whole = second < second_;  // whether the second after it is over, too
  const Clock::duration after = whole ? past_[static_cast<size_t>((second + 1) % size)] : total_;
  const Clock::duration span = whole ? std::chrono::seconds(1) : last_ - from;
  if (span <= Clock::duration::zero()) return before;
  const double share =
      static_cast<double>((time - from).count()) / static_cast<double>(span.count());
  return before + Clock::duration(static_cast<Clock::rep>(
                      share * static_cast<double>((after - before).count())));
}

}  // namespace shadowtutor::server
