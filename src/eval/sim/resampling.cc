#include "eval/sim/resampling.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace shadowtutor::eval {
namespace {

// Rates come from containers as rounded fractions. A frame that is due within a millionth of a
// frame's time is on display: 30 to 10 takes 0, 3, 6, ... whatever the last digit.
constexpr double kRounding = 1e-6;

std::string Text(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", rate);
  return text;
}

}  // namespace

Resampling::Resampling(double source_rate, double rate) {
  if (!(source_rate > 0)) {
    throw Error(ErrorCode::kFailedPrecondition,
                "the video does not say how many frames per second it has, so it cannot be "
                "re-sampled; evaluate all of its frames, or pack them into a video file",
                Setting::kFrameRate);
  }
  if (!(rate > 0) || rate > source_rate * (1 + kRounding)) {
    throw Error(ErrorCode::kInvalidArgument,
                "a video of " + Text(source_rate) + " frames per second cannot be re-sampled to " +
                    Text(rate) + "; the rate must be above 0 and not above the video's own",
                Setting::kFrameRate);
  }
  step_ = std::max(1.0, source_rate / rate);
}

uint64_t Resampling::SourceIndex(uint64_t index) const {
  return static_cast<uint64_t>(std::floor(static_cast<double>(index) * step_ + kRounding));
}

uint64_t Resampling::FramesOf(uint64_t source_frames) const {
  auto frames = static_cast<uint64_t>(static_cast<double>(source_frames) / step_);
  while (SourceIndex(frames) < source_frames) ++frames;
  while (frames > 0 && SourceIndex(frames - 1) >= source_frames) --frames;
  return frames;
}

ResampledSource::ResampledSource(std::unique_ptr<video::Source> source, std::optional<double> rate)
    : source_(std::move(source)), rate_(rate) {
  if (rate_) resampling_ = Resampling(source_->frames_per_second(), *rate_);
}

bool ResampledSource::Read(Image& frame) {
  const uint64_t wanted = resampling_.SourceIndex(next_);
  for (; source_next_ <= wanted; ++source_next_) {
    if (!source_->Read(frame)) return false;
  }
  ++next_;
  return true;
}

double ResampledSource::frames_per_second() const {
  return rate_.value_or(source_->frames_per_second());
}

int64_t ResampledSource::frame_count() const {
  const int64_t count = source_->frame_count();
  return count < 0 ? count
                   : static_cast<int64_t>(resampling_.FramesOf(static_cast<uint64_t>(count)));
}

}  // namespace shadowtutor::eval
