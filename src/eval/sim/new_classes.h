// How long it takes until something new in the picture is recognised.
#ifndef SHADOWTUTOR_EVAL_SIM_NEW_CLASSES_H_
#define SHADOWTUTOR_EVAL_SIM_NEW_CLASSES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "shadowtutor/types.h"

namespace shadowtutor::eval {

/// What became of the classes that entered. Times are means over those that were found: from the
/// frame in which the class entered to the first with a pixel of it that was predicted right, 0 for
/// the same frame.
struct NewClassFigures {
  uint64_t events = 0;  // classes that entered
  uint64_t missed = 0;  // those of which no pixel was right before they left, or the video ended
  std::optional<double> mean_frames = {};   // absent: none was found
  std::optional<double> mean_seconds = {};  // absent, too, where the frame rate is unknown
  bool operator==(const NewClassFigures&) const = default;
};

/// Follows each class but the background through a video. A class enters in the first frame whose
/// label has at least a thousandth of its pixels, and at least 16, of it, once it was absent (not a
/// single pixel) for a second or had not occurred yet. What is there in the first frame does not
/// enter. Thread safety: one thread.
class NewClasses {
 public:
  /// `background` is -1 where there is none. With an unknown frame rate (0) a second is 25 frames.
  NewClasses(int background, double frames_per_second);

  /// Takes the next frame: the teacher's label and the prediction. Throws Error kInvalidArgument
  /// when they differ in size.
  void Add(const LabelMap& label, const LabelMap& prediction);

  NewClassFigures figures() const;

 private:
  struct Class {
    uint64_t absent = 0;              // frames, up to now, without a pixel
    bool may_enter = true;            // was absent for a second and has not entered since
    std::optional<uint64_t> entered;  // the frame; absent once it was found or has left
  };

  const int background_;
  const double frames_per_second_;
  const uint64_t second_;  // in frames
  uint64_t frame_ = 0;
  std::array<Class, 256> classes_;
  uint64_t events_ = 0, found_ = 0;
  uint64_t waited_ = 0;  // frames, over all that were found
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_NEW_CLASSES_H_
