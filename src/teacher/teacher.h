// A teacher: heavy, right, slow. Says for every pixel of a frame which of the student's classes it
// is.
#ifndef SHADOWTUTOR_TEACHER_TEACHER_H_
#define SHADOWTUTOR_TEACHER_TEACHER_H_

#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

/// What the teacher sees in one frame, in the student's classes.
struct Answer {
  LabelMap label;              // at the frame's size
  std::vector<Box> instances;  // where the model tells instances apart
  bool has_instances = false;
};

/// Thread safety: Label may be called from one thread at a time per Teacher.
class Teacher {
 public:
  virtual ~Teacher() = default;

  /// `frame_index` counts the source's frames from 0; only a replay teacher looks at it.
  /// Throws Error (a frame that it cannot label costs that frame, never the process).
  virtual Answer Label(ImageView frame, uint64_t frame_index) = 0;

  /// The student classes that answers speak of, and which of them is background (-1: none).
  virtual const ClassList& classes() const = 0;
  virtual int background() const = 0;
  virtual std::string description() const = 0;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_TEACHER_H_
