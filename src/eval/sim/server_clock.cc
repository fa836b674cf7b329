#include "eval/sim/server_clock.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/text.h"

namespace shadowtutor::eval {
namespace {

constexpr std::string_view kAuto = "auto";
constexpr double kMostMs = 3'600'000;

std::string MsText(const std::optional<double>& ms) {
  return ms ? Format("%.17g", *ms) : std::string("measured");
}

void CheckMs(const char* what, double ms) {
  if (ms >= 0 && ms <= kMostMs) return;
  throw Error(ErrorCode::kInvalidArgument,
              Format("the time of %s must be 0 to 3600000 ms, not %g", what, ms));
}

}  // namespace

std::string DelayText(int delay) {
  return delay == kDelayAuto ? std::string(kAuto) : std::to_string(delay);
}

int ParseDelay(std::string_view text) {
  if (text == kAuto) return kDelayAuto;
  int delay = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), delay);
  if (error != std::errc() || end != text.data() + text.size() || delay < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "a delay is a number of frames or auto, not '" + std::string(text) + "'");
  }
  return delay;
}

std::string TimingText(const Timing& timing) {
  return "network " + MsText(timing.network_ms) + ", teacher " + MsText(timing.teacher_ms) +
         ", step " + MsText(timing.step_ms);
}

void Validate(const Timing& timing) {
  CheckMs("the network", timing.network_ms);
  CheckMs("the teacher", timing.teacher_ms.value_or(0));
  CheckMs("a step", timing.step_ms.value_or(0));
}

ServerClock::ServerClock(int delay, const Timing& timing, double frames_per_second)
    : delay_(delay),
      timing_(timing),
      frame_ms_(frames_per_second > 0 ? 1000 / frames_per_second : 0) {
  Validate(timing);
  if (delay == kDelayAuto && frame_ms_ == 0) {
    throw Error(ErrorCode::kFailedPrecondition,
                "a delay in real time needs the video's frames per second, which are unknown; "
                "take a video that has a rate, or give the delay in frames");
  }
}

void ServerClock::Receive(uint64_t index, double measured_ms) {
  key_frame_ = index;
  const double arrives = static_cast<double>(index) * frame_ms_ + timing_.network_ms / 2;
  free_ms_ = std::max(free_ms_, arrives) + timing_.teacher_ms.value_or(measured_ms);
}

bool ServerClock::IdleBefore(uint64_t index) const {
  return delay_ == kDelayAuto &&
         free_ms_ < static_cast<double>(index) * frame_ms_ + timing_.network_ms / 2;
}

uint64_t ServerClock::Answer(int steps, double measured_ms) {
  if (delay_ != kDelayAuto) return key_frame_ + static_cast<uint64_t>(delay_);
  free_ms_ += timing_.step_ms ? steps * *timing_.step_ms : measured_ms;
  const double arrives = free_ms_ + timing_.network_ms / 2;
  // What is due at the very time of a frame is in use there, whatever the rounding.
  const double frames = std::ceil(arrives / frame_ms_ - 1e-6);
  return std::max(key_frame_ + 1, static_cast<uint64_t>(frames));
}

}  // namespace shadowtutor::eval
