// How fast a client's frames come, as its key frames show it, and by when an answer is of use to
// it.
//
// A client runs on until MIN_STRIDE frames after its key frame and then waits, or goes on with
// weights that are older than they should be. So that is an answer's deadline. The time of a frame
// is that between two key frames' arrivals, divided by the frames between them; of the last few of
// these the lower quartile, because a client that waits for an answer seems slower than it is.
#ifndef SHADOWTUTOR_SERVER_FRAME_PACE_H_
#define SHADOWTUTOR_SERVER_FRAME_PACE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace shadowtutor::server {

/// Thread safety: one thread at a time.
class FramePace {
 public:
  using Clock = std::chrono::steady_clock;

  /// Until it is known, and its bounds: a client cannot make itself more urgent, or less, than
  /// those.
  static constexpr Clock::duration kUsual = std::chrono::microseconds(33'333);
  static constexpr Clock::duration kLeast = std::chrono::microseconds(8'333);
  static constexpr Clock::duration kMost = std::chrono::milliseconds(500);

  /// A key frame came: the frame of that number.
  void Came(uint64_t frame_index, Clock::time_point now);
  /// Its answer was sent.
  void Answered(Clock::time_point now) { answered_ = now; }

  Clock::duration frame_time() const { return frame_time_; }
  /// By when the answer to a key frame that came `now` is of use, for a client that runs on for
  /// `min_stride` frames.
  Clock::time_point Deadline(int min_stride, Clock::time_point now) const {
    return now + min_stride * frame_time_;
  }
  /// Frames between the last two key frames; absent before there were two.
  std::optional<uint64_t> gap() const { return gap_; }
  /// Whether the last key frame was held back until the answer to the one before: it came within
  /// three frames' time after it.
  bool held_back() const { return held_back_; }

 private:
  static constexpr size_t kSamples = 8;

  std::optional<uint64_t> last_index_, gap_;
  Clock::time_point last_came_{};
  std::optional<Clock::time_point> answered_;  // the last key frame, if it was
  bool held_back_ = false;
  std::deque<Clock::duration> samples_;  // oldest first
  Clock::duration frame_time_ = kUsual;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_FRAME_PACE_H_
