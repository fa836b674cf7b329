#include "video/stream_time.h"

#include <algorithm>
#include <cmath>

namespace shadowtutor::video::internal {
namespace {

// Media time may run ahead of the clock by so much, in seconds, from one frame to the next. More is
// a leap.
constexpr double kLeap = 10;
// Two frames of one stream are at least so far apart, in seconds, when the clock decides.
constexpr double kLeastStep = 0.001;

}  // namespace

double StreamTime::Of(double media, std::chrono::steady_clock::time_point arrived) {
  if (first_) {
    time_ = std::isfinite(media) ? media : 0;
    offset_ = time_ - media;
  } else {
    const double passed = std::chrono::duration<double>(arrived - arrived_).count();
    const double step = media - media_;
    if (continues_ && std::isfinite(step) && step > 0 && step <= passed + kLeap) {
      time_ = media + offset_;
    } else {
      time_ += std::max(passed, kLeastStep);
      offset_ = time_ - media;
    }
  }
  first_ = false;
  continues_ = true;
  media_ = media;
  arrived_ = arrived;
  return time_;
}

}  // namespace shadowtutor::video::internal
