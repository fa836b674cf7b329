// A teacher that passes repeated questions about one frame on to another teacher only once.
#ifndef SHADOWTUTOR_EVAL_SIM_REMEMBERING_TEACHER_H_
#define SHADOWTUTOR_EVAL_SIM_REMEMBERING_TEACHER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "shadowtutor/types.h"
#include "teacher/teacher.h"

namespace shadowtutor::eval {

/// Answers from memory when the frame has the index and, byte for byte, the pixels of the frame
/// before. Thread safety: one thread.
class RememberingTeacher : public teacher::Teacher {
 public:
  /// `teacher` must outlive this one.
  explicit RememberingTeacher(teacher::Teacher& teacher) : teacher_(teacher) {}

  teacher::Answer Label(ImageView frame, uint64_t frame_index) override;
  /// Stores an answer of the teacher's that is known already.
  void Remember(ImageView frame, uint64_t frame_index, teacher::Answer answer);
  const ClassList& classes() const override { return teacher_.classes(); }
  int background() const override { return teacher_.background(); }
  std::string description() const override { return teacher_.description(); }

 private:
  teacher::Teacher& teacher_;
  Image frame_;
  uint64_t frame_index_ = 0;
  std::optional<teacher::Answer> answer_;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_REMEMBERING_TEACHER_H_
