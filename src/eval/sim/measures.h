// What an evaluation measures in every frame besides the mean IoU.
#ifndef SHADOWTUTOR_EVAL_SIM_MEASURES_H_
#define SHADOWTUTOR_EVAL_SIM_MEASURES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "eval/sim/new_classes.h"
#include "eval/sim/stability.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval {

/// The frames that Measures::first_miou is over.
inline constexpr uint64_t kFirstFrames = 60;

/// The figures of one run.
struct Measures {
  double first_miou = 0;  // 0..1, mean mIoU of the first kFirstFrames frames
  /// Seconds from the start until the mean mIoU of the last second first was 0.80 and 0.85. Absent:
  /// it never was, or the frame rate is unknown.
  std::optional<double> seconds_to_80 = {}, seconds_to_85 = {};
  /// 0..1, the share of pixels that change their class and change back (stability.h), of the
  /// predictions and of the teacher's labels.
  double flicker = 0, teacher_flicker = 0;
  NewClassFigures new_classes = {};
  bool operator==(const Measures&) const = default;
};

/// Seconds until the mean of the last second's mIoU (0..1, of each frame) first reached `level`.
/// The second is a whole number of frames, at least 8; absent if it never reached the level or the
/// rate is unknown (0).
std::optional<double> SecondsTo(double level, const std::vector<double>& miou,
                                double frames_per_second);

/// Collects them, frame by frame. Thread safety: one thread.
class Measuring {
 public:
  /// `background` as in a Checkpoint; a frame rate of 0 is unknown.
  Measuring(int background, double frames_per_second);

  /// Takes the next frame: the teacher's label, the prediction and their mIoU. Throws Error
  /// kInvalidArgument when they differ in size.
  void Add(const LabelMap& label, const LabelMap& prediction, double miou);

  Measures measures() const;

 private:
  const double frames_per_second_;
  std::vector<double> miou_;
  Stability predictions_, labels_;
  NewClasses new_classes_;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_MEASURES_H_
