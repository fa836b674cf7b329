#include "app/pace.h"

#include <algorithm>
#include <cmath>
#include <thread>

namespace shadowtutor::app {

using Clock = std::chrono::steady_clock;

void ProgressMeter::Report(RunProgress progress, uint64_t bytes_up, uint64_t bytes_down) {
  const auto now = Clock::now();
  if (!basics_.on_progress || now - then_ < basics_.progress_interval) return;
  const double seconds = std::chrono::duration<double>(now - then_).count();
  progress.fps = static_cast<double>(progress.frame - frame_) / seconds;
  progress.kbit_up = static_cast<double>(bytes_up - bytes_up_) / seconds / 125;
  progress.kbit_down = static_cast<double>(bytes_down - bytes_down_) / seconds / 125;
  basics_.on_progress(progress);
  then_ = now;
  frame_ = progress.frame;
  bytes_up_ = bytes_up;
  bytes_down_ = bytes_down;
}

Pace::Pace(double fps) : period_ms_(fps > 0 ? 1000 / fps : 0), begin_(Clock::now()) {
  if (!(fps >= 0) || !std::isfinite(fps)) {
    throw Error(ErrorCode::kInvalidArgument, "the frames per second must be a number above 0");
  }
}

void Pace::FrameBegins() { begin_ = Clock::now(); }

double Pace::FrameEnds(double waited_ms, const std::function<bool()>& stop) const {
  // So often somebody may ask to stop.
  constexpr double kLookMs = 100;
  const auto own_ms = [&] {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin_).count() - waited_ms;
  };
  double left = period_ms_ > 0 ? period_ms_ - own_ms() : 0;
  while (left > 0 && !(stop && stop())) {
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(std::min(left, kLookMs)));
    left = period_ms_ - own_ms();
  }
  return own_ms();
}

int64_t TotalFrames(int64_t max_frames, int64_t source_frames) {
  if (max_frames < 0) return source_frames;
  return source_frames < 0 ? max_frames : std::min(max_frames, source_frames);
}

}  // namespace shadowtutor::app
