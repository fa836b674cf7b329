// Earlier key frames, on which some of the steps are taken (experience replay), so that a student
// does not forget what is out of the picture for a while.
#ifndef SHADOWTUTOR_DISTILL_REPLAY_H_
#define SHADOWTUTOR_DISTILL_REPLAY_H_

#include <cstddef>
#include <cstdint>
#include <deque>

#include "distill/training_types.h"
#include "shadowtutor/types.h"

namespace shadowtutor::distill {

/// A bounded memory of key frames. Thread safety: one thread at a time.
class Replay {
 public:
  struct KeyFrame {
    Image frame;
    TeacherAnswer answer;
  };

  /// Keeps at most `frames` key frames, and of large ones fewer: at most kReplayBytes in all, but
  /// always the last one that fits alone.
  explicit Replay(int frames) : most_(static_cast<size_t>(frames)) {}

  /// Remembers a key frame. The oldest are forgotten when there is no more room.
  void Remember(ImageView frame, const TeacherAnswer& answer);
  /// One of the remembered key frames, the next of a fixed sequence that is as good as random; null
  /// if there is none. Valid until Remember is called.
  const KeyFrame* Pick();

 private:
  const size_t most_;
  size_t bytes_ = 0;  // of frames and labels
  std::deque<KeyFrame> frames_;
  uint64_t random_ = 1;
};

/// The most memory that a student's earlier key frames take: eight frames of 1280x720 and their
/// labels.
inline constexpr size_t kReplayBytes = size_t{8} * 1280 * 720 * 4;

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_REPLAY_H_
