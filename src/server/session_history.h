// What a server remembers of one session's key frames, for people who watch it.
#ifndef SHADOWTUTOR_SERVER_SESSION_HISTORY_H_
#define SHADOWTUTOR_SERVER_SESSION_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "distill/key_frame_schedule.h"
#include "wire/messages.h"

namespace shadowtutor::server {

/// A key frame that was answered with an update. Times in milliseconds.
struct KeyFrameRecord {
  double at_s = 0;  // when it was answered, since the server's start
  uint64_t frame_index = 0;
  double metric_before = 0, metric_after = 0;  // mIoU
  int steps = 0;
  int parts = 1;  // of its answer, so far
  /// Frames to the next key frame, as the client reckons it: a metric schedules it, or else it is
  /// the distance from the key frame before.
  int stride = 0;
  double teacher_wait_ms = 0, teacher_ms = 0;    // in the queue, then at the teacher
  double training_wait_ms = 0, training_ms = 0;  // the same of training
  uint64_t bytes_up = 0, bytes_down = 0;         // the frame, and the weights
  uint64_t version = 0;                          // of the student, after it
};
static_assert(sizeof(KeyFrameRecord) <= 128, "see SessionHistory::kMost");

/// The times of a key frame before its training.
struct KeyFrameWaits {
  double teacher_wait_ms = 0;
  double training_wait_ms = 0;
  uint64_t bytes_up = 0;
};

/// Thread safety: that of a plain value.
class SessionHistory {
 public:
  /// The records that are kept, the latest: 31 kB at most.
  static constexpr size_t kMost = 240;

  explicit SessionHistory(const distill::ScheduleOptions& schedule);

  /// The answer to a key frame. `at_s` is the time since the server's start.
  void Answered(double at_s, const wire::Update& update, const KeyFrameWaits& waits);
  /// A later part of the last answer.
  void PartSent(const wire::Update& update);

  /// Oldest first.
  const std::deque<KeyFrameRecord>& records() const { return records_; }
  /// How many there have been.
  uint64_t answered() const { return answered_; }

 private:
  distill::ScheduleOptions schedule_;
  int stride_;
  std::optional<uint64_t> last_frame_;
  uint64_t answered_ = 0;
  std::deque<KeyFrameRecord> records_;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_SESSION_HISTORY_H_
