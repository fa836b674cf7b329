#include "server/device.h"

#include <algorithm>
#include <utility>

#include "core/text.h"

namespace shadowtutor::server {
namespace {

// As somebody writes it: "2", "0.5", "250000".
std::string RateText(double rate) { return Format("%.10g", rate); }

}  // namespace

Device::Device(std::string name, const DeviceLimits& limits)
    : name_(std::move(name)), limits_(limits) {}

DeviceLimits Device::limits() const {
  const MutexLock lock(mutex_);
  return limits_;
}

void Device::SetLimits(const DeviceLimits& limits) {
  const MutexLock lock(mutex_);
  // What was used without a limit does not count against a new one.
  if (limits_.key_frames_per_second == 0) {
    frames_.left = std::max(1.0, limits.key_frames_per_second * kWindowSeconds);
  }
  if (limits_.bytes_per_second == 0) bytes_.left = limits.bytes_per_second * kWindowSeconds;
  limits_ = limits;
}

void Device::Bucket::Fill(double rate, double most, double seconds) {
  left = std::min(most, left + rate * seconds);
}

void Device::Fill(Clock::time_point now) {
  const double frames = std::max(1.0, limits_.key_frames_per_second * kWindowSeconds);
  const double bytes = limits_.bytes_per_second * kWindowSeconds;
  if (!filled_) {
    frames_.left = frames;
    bytes_.left = bytes;
  } else {
    const double seconds = std::max(0.0, std::chrono::duration<double>(now - *filled_).count());
    frames_.Fill(limits_.key_frames_per_second, frames, seconds);
    bytes_.Fill(limits_.bytes_per_second, bytes, seconds);
  }
  filled_ = now;
}

std::optional<Error> Device::TakeFrame(size_t bytes, Clock::time_point now) {
  const MutexLock lock(mutex_);
  Fill(now);
  // Not before this one: a single frame may be larger than what 10 s allow.
  const double before = bytes_.left;
  const bool bytes_left = before > 0;
  bytes_.left -= static_cast<double>(bytes);
  if (limits_.bytes_per_second > 0 && !bytes_left) {
    // What is refused counts, but for no longer than 10 s.
    bytes_.left =
        std::max(bytes_.left, std::min(before, -limits_.bytes_per_second * kWindowSeconds));
    return Error(ErrorCode::kResourceExhausted,
                 "the device \"" + name_ + "\" may use " + RateText(limits_.bytes_per_second) +
                     " bytes a second for frames and updates, and has used more; send smaller "
                     "frames or fewer, or allow it more in the server's list of tokens");
  }
  if (limits_.key_frames_per_second > 0 && frames_.left < 1) {
    return Error(ErrorCode::kResourceExhausted,
                 "the device \"" + name_ + "\" may have " +
                     RateText(limits_.key_frames_per_second) +
                     " frames a second labelled, and has sent more; send fewer, or allow it more "
                     "in the server's list of tokens");
  }
  frames_.left -= 1;
  return std::nullopt;
}

void Device::Sent(size_t bytes) {
  const MutexLock lock(mutex_);
  bytes_.left -= static_cast<double>(bytes);
}

}  // namespace shadowtutor::server
