// Teachers that are Python callables, and card teachers for Python.
#ifndef SHADOWTUTOR_PYTHON_TEACHER_H_
#define SHADOWTUTOR_PYTHON_TEACHER_H_

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "lifetime.h"
#include "shadowtutor/student.h"
#include "shadowtutor/teacher.h"

namespace shadowtutor::python {

/// Calls a function with each frame. What it raises is an Error kUnavailable that says what.
class CallableTeacher final : public Teacher {
 public:
  /// With the GIL.
  CallableTeacher(py::object function, ClassList classes, int background);

  TeacherAnswer Label(ImageView frame, uint64_t frame_index) override;
  const ClassList& classes() const override { return classes_; }
  int background() const override { return background_; }
  std::string description() const override { return description_; }

  /// From now on remembers what the function raised last, for RaiseAgain, which raises it in
  /// Python, if there is anything. With the GIL.
  void KeepErrors() { keeps_errors_ = true; }
  void RaiseAgain();

 private:
  TeacherAnswer Ask(ImageView frame);

  const Held function_;
  const ClassList classes_;
  const int background_;
  std::string description_;
  bool keeps_errors_ = false;
  std::exception_ptr raised_;  // a py::error_already_set; touched with the GIL
};

/// A card's teacher.
struct PyTeacher {
  std::shared_ptr<Teacher> teacher;
};

/// Whom Server and evaluate ask, and the student that they begin with.
struct TeacherAndStudent {
  std::shared_ptr<Teacher> teacher;
  std::shared_ptr<CallableTeacher> callable;  // the same if it is a callable
  Student student;
};

/// `teacher` is a callable, a Teacher of Python's, or a card's path. Throws Error kInvalidArgument
/// for anything else, and for a callable without classes or a student. With the GIL.
TeacherAndStudent TeacherAndStudentOf(const py::object& teacher, const py::object& classes,
                                      std::optional<int> background,
                                      const std::optional<Student>& student, uint64_t seed);

}  // namespace shadowtutor::python

#endif  // SHADOWTUTOR_PYTHON_TEACHER_H_
