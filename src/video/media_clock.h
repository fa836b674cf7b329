// When each frame of a video is shown. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_MEDIA_CLOCK_H_
#define SHADOWTUTOR_VIDEO_MEDIA_CLOCK_H_

#include "video/av_handles.h"

namespace shadowtutor::video::internal {

/// Turns timestamps into seconds since the start of the container, at which players start, too.
/// Times increase from frame to frame: frames without timestamps follow at the frame rate, and
/// jumps of broadcast streams (libavformat's AVFMT_TS_DISCONT) are taken out.
///
/// Thread safety: one thread at a time.
class MediaClock {
 public:
  /// `rate` in frames a second, 0 if it is unknown.
  MediaClock(const AVFormatContext& container, const AVStream& video, double rate);

  /// The time of the next picture in seconds.
  double Next(const AVFrame& picture);

 private:
  double frame_seconds_;  // how long a frame lasts if nothing says so
  const double tick_;     // seconds
  const bool may_jump_;
  double start_ = 0;  // what is subtracted
  bool start_known_ = false;
  bool first_ = true;
  double last_ = 0, last_duration_ = 0;
};

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_MEDIA_CLOCK_H_
