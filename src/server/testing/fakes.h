// What the tests of this folder share: a teacher whose answers a test can change, and what
// tutor/testing/small_student.h has.
#ifndef SHADOWTUTOR_SERVER_TESTING_FAKES_H_
#define SHADOWTUTOR_SERVER_TESTING_FAKES_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "tutor/testing/small_student.h"

namespace shadowtutor::server {

using tutor::LabelBright;
using tutor::SmallStudent;
using tutor::SquareFrame;
using tutor::TestClasses;

/// Labels bright pixels as things. A test can have it fail, wait or give another answer.
class FakeTeacher final : public teacher::Teacher {
 public:
  teacher::Answer Label(ImageView frame, uint64_t frame_index) override {
    if (on_label) on_label(frame_index);
    teacher::Answer answer;
    answer.label = LabelBright(frame);
    if (change_answer) change_answer(answer);
    return answer;
  }
  void Interrupt() override {
    if (on_interrupt) on_interrupt();
  }
  const ClassList& classes() const override { return classes_; }
  int background() const override { return 1; }
  std::string description() const override { return "a fake teacher"; }

  std::function<void(uint64_t frame_index)> on_label;  // may throw or wait
  std::function<void(teacher::Answer& answer)> change_answer;
  std::function<void()> on_interrupt;

 private:
  const ClassList classes_ = TestClasses();
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_TESTING_FAKES_H_
