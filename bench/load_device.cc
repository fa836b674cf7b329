#include "load_device.h"

#include <algorithm>
#include <cmath>

namespace shadowtutor::bench {
namespace {

using Seconds = std::chrono::duration<double>;

bool Lively(const DeviceMix& mix, size_t number) {
  // Spread evenly over the numbers, the first one included.
  return std::floor(static_cast<double>(number + 1) * mix.lively) >
             std::floor(static_cast<double>(number) * mix.lively) ||
         (number == 0 && mix.lively > 0);
}

int UsualGap(const DeviceMix& mix, size_t number) {
  if (Lively(mix, number)) return mix.lively_gap;
  return 32 + static_cast<int>(number * 7 % 33);
}

}  // namespace

Device::Device(const DeviceMix& mix, size_t number)
    : usual_gap_(UsualGap(mix, number)),
      lively_(Lively(mix, number)),
      min_stride_(mix.min_stride),
      frame_time_(1 / mix.frames_per_second[number % mix.frames_per_second.size()]),
      random_(number * 7919 + 17) {}

// A fifth more or less, by chance.
int Device::Gap() {
  random_ = random_ * 6364136223846793005u + 1442695040888963407u;
  const double chance = static_cast<double>(random_ >> 40) / (1 << 24);
  return std::max(min_stride_, static_cast<int>(std::lround(usual_gap_ * (0.8 + 0.4 * chance))));
}

void Device::Open(Clock::time_point now) {
  open_ = true;
  start_ = now;
  index_ = 0;
  gap_ = Gap();
  next_ = now + std::chrono::duration_cast<Clock::duration>(frame_time_ * gap_);
}

uint64_t Device::Send(Clock::time_point now) {
  index_ = std::max(index_ + 1, static_cast<uint64_t>(std::lround((now - start_) / frame_time_)));
  sent_ = now;
  gap_ = Gap();
  next_.reset();
  return index_;
}

void Device::Answered(Clock::time_point now, int min_stride, Tally* tally) {
  const auto frames = [&](int count) {
    return std::chrono::duration_cast<Clock::duration>(frame_time_ * count);
  };
  const double wait_ms = 1e3 * Seconds(now - sent_).count();
  if (tally) {
    ++tally->answered;
    tally->late += now > sent_ + frames(std::max(min_stride_, stride_));
    tally->waits_ms.push_back(wait_ms);
    if (!lively_) tally->calm_waits_ms.push_back(wait_ms);
  }
  stride_ = min_stride;
  // Frames come at their own times, answers do not.
  const auto since = static_cast<int>(std::ceil(Seconds(now - sent_) / frame_time_));
  next_ = sent_ + frames(std::max({gap_, stride_, since}));
}

}  // namespace shadowtutor::bench
