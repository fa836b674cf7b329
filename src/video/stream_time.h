// The time of a live stream, which goes on over lost connections.
#ifndef SHADOWTUTOR_VIDEO_STREAM_TIME_H_
#define SHADOWTUTOR_VIDEO_STREAM_TIME_H_

#include <chrono>

namespace shadowtutor::video::internal {

/// Every connection to a stream counts its media time anew. Here it becomes one time that always
/// increases: within a connection it advances as the media time does; from the last frame of a
/// connection to the first one of the next it advances by the time that really passed. It does so,
/// too, where the media time is unknown, stands still, goes back or leaps ahead, as happens when a
/// camera sets its clock.
///
/// Thread safety: one thread at a time.
class StreamTime {
 public:
  /// The next frame comes from a new connection.
  void Reconnected() { continues_ = false; }
  /// The time in seconds of a frame with the media time `media` (seconds; NaN: unknown) that has
  /// arrived at `arrived`. The first frame keeps its media time, or gets 0.
  double Of(double media, std::chrono::steady_clock::time_point arrived);

 private:
  bool first_ = true;
  bool continues_ = false;  // the last frame came from the same connection
  double media_ = 0;        // of the last frame
  double time_ = 0;         // of the last frame
  double offset_ = 0;       // from media time to time
  std::chrono::steady_clock::time_point arrived_;
};

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_STREAM_TIME_H_
