// When key frames are sent: by the metric, as Algorithm 2 has it, or when the picture has changed.
#ifndef SHADOWTUTOR_DISTILL_KEY_FRAME_SCHEDULE_H_
#define SHADOWTUTOR_DISTILL_KEY_FRAME_SCHEDULE_H_

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "distill/key_frame_stride.h"
#include "distill/scene_change.h"
#include "shadowtutor/types.h"

namespace shadowtutor::distill {

enum class Trigger : uint8_t {
  kMetric,  // Algorithm 2: the stride follows the metric of the last key frame
  kChange,  // when more of the picture has changed than usual between key frames
};

/// "metric", "change".
std::string_view NameOf(Trigger trigger);
/// Throws Error kInvalidArgument, which lists the names, for any other.
Trigger ParseTrigger(std::string_view name);

/// Strides, and what the trigger kChange is made of.
struct ScheduleOptions {
  Trigger trigger = Trigger::kMetric;
  StrideOptions stride;  // kChange heeds the least and the most of it
  /// A key frame is due when this share of the picture (0..1, SceneChange) has changed since the
  /// last one, and more than usually had at the last ones.
  double change = 0.03;
  /// Key frames per frame that the changes may cost: a token bucket, which holds `burst` at most
  /// and `start` in the beginning.
  double rate = 0.042;
  double burst = 4;
  double start = 2;
};

/// Throws Error kInvalidArgument for options out of range.
void Validate(const ScheduleOptions& options);

/// Says of each frame whether it should be a key frame. Thread safety: one thread at a time.
class KeyFrameSchedule {
 public:
  /// The first frame is due. Throws as Validate.
  explicit KeyFrameSchedule(const ScheduleOptions& options);

  /// Whether `frame` should be a key frame.
  bool Due(ImageView frame);
  /// `frame` was sent as a key frame.
  void Sent(ImageView frame);
  /// To be called after every frame: the next one comes.
  void Advance();
  /// The answer to the last key frame has come, with this metric.
  void Answered(double metric);
  /// The next frame is due: the connection was lost, or a new session has begun.
  void DueAtOnce() { at_once_ = true; }
  /// From now on strides are at least this long, and at most as long as the options' longest; 0, or
  /// less than the options' shortest: as the options have it.
  void SetLeastStride(int frames) { least_stride_ = frames; }
  /// Frames from one key frame to the next, at least.
  int LeastStride() const {
    return std::clamp(least_stride_, options_.stride.min_stride, options_.stride.max_stride);
  }
  /// Continues with other options, without a least stride of SetLeastStride; the next frame is due.
  void Restart(const ScheduleOptions& options);

  /// Frames from one key frame to the next: Algorithm 2's stride, or with kChange the least that
  /// is possible until the first key frames have passed, then the distance of the last two.
  int stride() const { return stride_; }
  /// Frames since the last key frame, 0 for itself.
  int step() const { return step_; }
  const ScheduleOptions& options() const { return options_; }

 private:
  ScheduleOptions options_;
  int stride_;
  int step_ = 0;
  int least_stride_ = 0;  // of SetLeastStride
  bool at_once_ = true;   // the next frame is due, whatever the trigger says
  bool any_sent_ = false;
  double tokens_;
  SceneChange change_;
  double usual_ = 0;  // the share that had changed at the last key frames, averaged
};

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_KEY_FRAME_SCHEDULE_H_
