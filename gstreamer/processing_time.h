// How much latency a filter has that holds no frames: the time that a frame takes in it.
#ifndef SHADOWTUTOR_GSTREAMER_PROCESSING_TIME_H_
#define SHADOWTUTOR_GSTREAMER_PROCESSING_TIME_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace shadowtutor::gst {

/// The latency is a power of 2 in milliseconds, at most 1024, and only grows, so that the pipeline
/// seldom has to distribute it anew.
///
/// Thread safety: one thread at a time.
class ProcessingTime {
 public:
  using Milliseconds = std::chrono::duration<double, std::milli>;

  /// Counts a frame. The first one, for which memory is allocated, counts for nothing. Returns
  /// whether the latency has grown.
  bool Add(Milliseconds time) {
    if (++frames_ < 2) return false;
    mean_ = frames_ == 2 ? time : mean_ + (time - mean_) / 8;
    if (frames_ < kSettled || mean_ <= latency_ || latency_ >= kMost) return false;
    latency_ = std::max(latency_, std::chrono::milliseconds(1));
    while (latency_ < std::min<Milliseconds>(mean_, kMost)) latency_ *= 2;
    return true;
  }
  /// 0 for the first frames.
  std::chrono::milliseconds latency() const { return latency_; }

 private:
  static constexpr uint64_t kSettled = 10;  // frames until the mean counts
  static constexpr std::chrono::milliseconds kMost{1024};

  uint64_t frames_ = 0;
  Milliseconds mean_{0};  // moving
  std::chrono::milliseconds latency_{0};
};

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_PROCESSING_TIME_H_
