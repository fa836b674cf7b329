// The times of a video's frames in whole ticks, as containers want them. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_FRAME_CLOCK_H_
#define SHADOWTUTOR_VIDEO_FRAME_CLOCK_H_

#include <cstdint>

namespace shadowtutor::video::internal {

/// Turns the times of frames into ticks that begin at 0 and always rise. Thread safety: one thread
/// at a time.
class FrameClock {
 public:
  /// A frame that is so much earlier, or later, than the one before begins a new timeline, as when
  /// a camera is started anew. In seconds.
  static constexpr double kMostBack = 1, kMostForward = 36'000;
  /// Nor may a step have more ticks than this: libavformat writes MP4 with steps below 2^31.
  static constexpr double kMostTicks = 2e9;

  /// `frames_per_second` > 0 tells what is between frames whose times are not known.
  FrameClock(double ticks_per_second, double frames_per_second)
      : ticks_per_second_(ticks_per_second),
        interval_(1 / frames_per_second),
        most_forward_(kMostTicks / ticks_per_second < kMostForward ? kMostTicks / ticks_per_second
                                                                   : kMostForward) {}

  /// The tick of the next frame, for a time in seconds (NaN: not known) and the frame's index in
  /// its source.
  ///
  /// Times count from the first frame's. Frames without a time are 1/rate apart. A frame that is
  /// not later than the one before, but hardly earlier either, comes a tick after it. One that
  /// begins a new timeline comes 1/rate after it, and later times count from there.
  int64_t Tick(double time, uint64_t index);

 private:
  double Seconds(double time, uint64_t index);

  const double ticks_per_second_, interval_, most_forward_;
  bool started_ = false;
  int64_t last_tick_ = 0;
  double last_ = 0;     // the last frame's seconds in the video that is written
  double origin_ = 0;   // the source's time that is 0 in it, if `timed_`
  bool timed_ = false;  // whether any frame had a time yet
  uint64_t last_index_ = 0;
};

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_FRAME_CLOCK_H_
