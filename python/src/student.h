// The student as Python has it, with what it predicts with.
#ifndef SHADOWTUTOR_PYTHON_STUDENT_H_
#define SHADOWTUTOR_PYTHON_STUDENT_H_

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "arrays.h"
#include "shadowtutor/student.h"

namespace shadowtutor::python {

/// Thread safety: any thread; predictions wait for each other.
class PyStudent {
 public:
  explicit PyStudent(Student student) : student_(std::move(student)) {}

  const Student& student() const { return student_; }
  /// Without the GIL.
  void Predict(ImageView frame, LabelMap& labels) {
    const std::scoped_lock lock(mutex_);
    if (!predictor_) predictor_.emplace(student_);
    predictor_->Predict(frame, labels);
  }

 private:
  const Student student_;
  std::mutex mutex_;
  std::optional<Predictor> predictor_;  // from the first prediction on
};

/// Of an argument `student`, which may be None.
inline std::optional<Student> StudentOf(const std::shared_ptr<PyStudent>& student) {
  if (!student) return std::nullopt;
  return student->student();
}

}  // namespace shadowtutor::python

#endif  // SHADOWTUTOR_PYTHON_STUDENT_H_
