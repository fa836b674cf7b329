// The clocks of a run: what it reports on the way, and how fast it may go.
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
  /// Reports if it is time to; fills in the rates. Bytes are totals.
  void Report(RunProgress progress, uint64_t bytes_up, uint64_t bytes_down);

 private:
  const RunBasics& basics_;
  std::chrono::steady_clock::time_point then_ = std::chrono::steady_clock::now();
  uint64_t frame_ = 0, bytes_up_ = 0, bytes_down_ = 0;
};

/// Stretches what the device does for a frame to at least 1/fps seconds. Thread safety: one thread.
class Pace {
 public:
  /// fps 0: does not stretch anything. Throws Error kInvalidArgument for anything below.
  explicit Pace(double fps);

  void FrameBegins();
  /// Sleeps as long as is left; `waited_ms` of the time since FrameBegins was not the device's own.
  /// Returns what the frame took of the device's time, in milliseconds, with the sleep.
  double FrameEnds(double waited_ms, const std::function<bool()>& stop) const;

 private:
  const double period_ms_;
  std::chrono::steady_clock::time_point begin_;
};

/// Of `max_frames` (-1: all) and the source's count (-1: unknown), whichever comes first.
int64_t TotalFrames(int64_t max_frames, int64_t source_frames);

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_PACE_H_
