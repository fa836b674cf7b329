// The interface of teachers. A teacher labels every pixel of a frame with one of the student's
// classes; it is accurate, but slow.
#ifndef SHADOWTUTOR_TEACHER_TEACHER_H_
#define SHADOWTUTOR_TEACHER_TEACHER_H_

#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

/// A teacher's answer to one frame, in the student's classes.
struct Answer {
  LabelMap label;              // at the frame's size
  std::vector<Box> instances;  // boxes of the instances, in pixels, if has_instances
  bool has_instances = false;  // whether the model tells instances apart
};

/// Thread safety: Label may be called from one thread at a time per Teacher.
class Teacher {
 public:
  virtual ~Teacher() = default;

  /// Labels a frame. `frame_index` counts the frames of the source from 0; only teachers that read
  /// labels from a folder use it. Throws Error when the frame cannot be labelled; the teacher can
  /// still be used afterwards.
  virtual Answer Label(ImageView frame, uint64_t frame_index) = 0;

  /// The classes of the answers, and the index of the background class (-1: none).
  virtual const ClassList& classes() const = 0;
  virtual int background() const = 0;
  /// A short text for users: the model and its runtime.
  virtual std::string description() const = 0;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_TEACHER_H_
