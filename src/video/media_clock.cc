#include "video/media_clock.h"

namespace shadowtutor::video::internal {
namespace {

constexpr double kUsualFrameSeconds = 0.04;
// A gap or a step back of more than this is a jump of the clock, not of the picture.
constexpr double kJumpSeconds = 10;
// Between frames whose timestamps do not increase.
constexpr double kSmallestStep = 0.001;

}  // namespace

MediaClock::MediaClock(const AVFormatContext& container, const AVStream& video, double rate)
    : frame_seconds_(rate > 0 ? 1 / rate : kUsualFrameSeconds),
      tick_(av_q2d(video.time_base)),
      may_jump_((container.iformat->flags & AVFMT_TS_DISCONT) != 0) {
  if (container.start_time != AV_NOPTS_VALUE) {
    start_ = static_cast<double>(container.start_time) / AV_TIME_BASE;
    start_known_ = true;
  }
}

double MediaClock::Next(const AVFrame& picture) {
  const double follows = first_ ? 0 : last_ + last_duration_;
  double time = follows;
  if (picture.best_effort_timestamp != AV_NOPTS_VALUE) {
    const double stamp = static_cast<double>(picture.best_effort_timestamp) * tick_;
    if (!start_known_) start_ = stamp;
    start_known_ = true;
    time = stamp - start_;
    if (first_ && time < 0) {
      start_ = stamp;
      time = 0;
    } else if (!first_ && may_jump_ && (time < last_ - 1 || time > last_ + kJumpSeconds)) {
      start_ += time - follows;
      time = follows;
    }
  }
  if (!first_ && time <= last_) time = last_ + kSmallestStep;
  first_ = false;
  last_ = time;
  last_duration_ =
      picture.pkt_duration > 0 ? static_cast<double>(picture.pkt_duration) * tick_ : frame_seconds_;
  return time;
}

}  // namespace shadowtutor::video::internal
