// A teacher that is asked once per frame, however many want to know.
#ifndef SHADOWTUTOR_EVAL_SIM_REMEMBERING_TEACHER_H_
#define SHADOWTUTOR_EVAL_SIM_REMEMBERING_TEACHER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "shadowtutor/types.h"
#include "teacher/teacher.h"

namespace shadowtutor::eval {

/// Answers from memory when the frame is, byte for byte, the one before. Thread safety: one thread.
class RememberingTeacher : public teacher::Teacher {
 public:
  /// `teacher` must outlive this one.
  explicit RememberingTeacher(teacher::Teacher& teacher) : teacher_(teacher) {}

  teacher::Answer Label(ImageView frame, uint64_t frame_index) override;
  /// What the teacher is known to say about this frame, from elsewhere.
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
