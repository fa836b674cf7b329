// The clocks of a run: one times its progress reports, the other slows it down to a given frame
// rate.
#ifndef SHADOWTUTOR_APP_PACE_H_
#define SHADOWTUTOR_APP_PACE_H_

#include <chrono>
#include <cstdint>
#include <functional>

#include "app/run_options.h"

namespace shadowtutor::app {

/// Turns totals into the rates of RunProgress. Thread safety: one thread.
class ProgressMeter {
 public:
  /// `basics` must outlive it.
  explicit ProgressMeter(const RunBasics& basics) : basics_(basics) {}
  /// Fills in the rates and calls on_progress if its interval has passed. The bytes are totals
  /// since the start.
  void Report(RunProgress progress, uint64_t bytes_up, uint64_t bytes_down);

 private:
  const RunBasics& basics_;
  std::chrono::steady_clock::time_point then_ = std::chrono::steady_clock::now();
  uint64_t frame_ = 0, bytes_up_ = 0, bytes_down_ = 0;
};

/// Stretches the device's work on each frame to at least 1/fps seconds. Thread safety: one thread.
class Pace {
 public:
  /// 0 fps: stretches nothing. Throws Error kInvalidArgument for a negative fps.
  explicit Pace(double fps);

  void FrameBegins();
  /// Sleeps for what is left of the frame's time, or until `stop` (may be empty) returns true.
  /// `waited_ms` is the part of the time since FrameBegins in which the device waited for the
  /// server; it does not count. Returns the device's time for the frame in milliseconds, with the
  /// sleep.
  double FrameEnds(double waited_ms, const std::function<bool()>& stop) const;

 private:
  const double period_ms_;
  std::chrono::steady_clock::time_point begin_;
};

/// How many frames a run will have: the smaller one of `max_frames` (-1: all) and the source's
/// count (-1: unknown); -1 if both are -1.
int64_t TotalFrames(int64_t max_frames, int64_t source_frames);

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_PACE_H_
