// What the tests of this folder share: a teacher whose answers a test can change, and what
// tutor/testing/small_student.h has.
#ifndef SHADOWTUTOR_SERVER_TESTING_FAKES_H_
#define SHADOWTUTOR_SERVER_TESTING_FAKES_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "tutor/testing/small_student.h"

namespace shadowtutor::server {

using tutor::LabelBright;
using tutor::SmallStudent;
using tutor::SquareFrame;
using tutor::TestClasses;

/// What a test has a fake do; a test can set it while other threads call it.
template <typename... Arguments>
class Handler {
 public:
  Handler& operator=(std::function<void(Arguments...)> function) {
    const std::scoped_lock lock(mutex_);
    function_ = std::move(function);
    return *this;
  }
  /// Does nothing where nothing is set.
  void operator()(Arguments... arguments) const {
    std::unique_lock lock(mutex_);
    const auto function = function_;
    lock.unlock();
    if (function) function(arguments...);
  }

 private:
  mutable std::mutex mutex_;
  std::function<void(Arguments...)> function_;
};

/// Labels bright pixels as things. A test can have it fail, wait or give another answer.
class FakeTeacher final : public teacher::Teacher {
 public:
  teacher::Answer Label(ImageView frame, uint64_t frame_index) override {
    on_label(frame_index);
    teacher::Answer answer;
    answer.label = LabelBright(frame);
    change_answer(answer);
    return answer;
  }
  void Interrupt() override { on_interrupt(); }
  const ClassList& classes() const override { return classes_; }
  int background() const override { return 1; }
  std::string description() const override { return "a fake teacher"; }

  Handler<uint64_t /*frame_index*/> on_label;  // may throw or wait
  Handler<teacher::Answer&> change_answer;
  Handler<> on_interrupt;

 private:
  const ClassList classes_ = TestClasses();
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_TESTING_FAKES_H_
