// When an update is in use, in frames of the video: on the virtual clock of an evaluation.
#ifndef SHADOWTUTOR_EVAL_SIM_SERVER_CLOCK_H_
#define SHADOWTUTOR_EVAL_SIM_SERVER_CLOCK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shadowtutor/types.h"

namespace shadowtutor::eval {

/// In place of a number of frames: as long as network and server take (Timing).
inline constexpr int kDelayAuto = -1;

/// "8", or "auto" for kDelayAuto; and back. ParseDelay throws Error kInvalidArgument for any other
/// text than "auto" and whole numbers.
std::string DelayText(int delay);
int ParseDelay(std::string_view text);

/// How long things take where the delay is kDelayAuto, in ms.
struct Timing {
  double network_ms = 20;                 // from the device to the server and back, together
  std::optional<double> teacher_ms = {};  // for one frame; absent: as measured during the run
  std::optional<double> step_ms = {};     // one distillation step; absent: as measured
};
/// "network 20, teacher 50, step measured".
std::string TimingText(const Timing& timing);
/// Throws Error kInvalidArgument for times that are negative or longer than an hour.
void Validate(const Timing& timing);

/// A server that answers key frames, one at a time. With a delay in frames every answer to a key
/// frame is in use so many frames later. With kDelayAuto the key frame is sent at its own time,
/// reaches the server after half of the network's time, is labelled and trained on there, and the
/// answer is on its way for the other half; it is in use from the first frame that is not before
/// its arrival, and at the earliest from the next one. Thread safety: one thread.
class ServerClock {
 public:
  /// Throws as Validate, and Error kFailedPrecondition when the delay is kDelayAuto and the frame
  /// rate unknown (0).
  ServerClock(int delay, const Timing& timing, double frames_per_second);

  /// The frame at `index` is sent, and labelled. `measured_ms` is what the teacher really took.
  void Receive(uint64_t index, double measured_ms);
  /// Whether the server has nothing to do before a key frame that is sent at frame `index` would
  /// reach it. False where the delay is a number of frames.
  bool IdleBefore(uint64_t index) const;
  /// The server trains on the last key frame, after whatever it did for it before, and answers.
  /// Returns the index of the first frame that uses the answer. `measured_ms` is what training
  /// really took.
  uint64_t Answer(int steps, double measured_ms);

 private:
  const int delay_;
  const Timing timing_;
  const double frame_ms_;  // time from one frame to the next; 0: unknown
  uint64_t key_frame_ = 0;
  double free_ms_ = 0;  // since the first frame: when the server has done what it was told to
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_SERVER_CLOCK_H_
