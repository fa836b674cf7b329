#include "video/frame_clock.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace shadowtutor::video::internal {

double FrameClock::Seconds(double time, uint64_t index) {
  const bool first = !std::exchange(started_, true);
  // Frames that the source left out count, too.
  const uint64_t before = std::exchange(last_index_, index);
  const double steps = index > before ? static_cast<double>(index - before) : 1;
  const double next = first ? 0 : last_ + std::min(steps * interval_, most_forward_);
  if (!std::isfinite(time)) return next;
  const double since = time - origin_ - last_;
  const bool continues = std::exchange(timed_, true) && since > -kMostBack && since < most_forward_;
  if (!continues) origin_ = time - next;
  return time - origin_;
}

int64_t FrameClock::Tick(double time, uint64_t index) {
  const bool first = !started_;
  last_ = Seconds(time, index);
  const int64_t tick = std::llround(last_ * ticks_per_second_);
  last_tick_ = first ? 0 : std::max(tick, last_tick_ + 1);
  return last_tick_;
}

}  // namespace shadowtutor::video::internal
