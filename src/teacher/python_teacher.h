// The teacher that is a Python function. Internal to teacher/.
#ifndef SHADOWTUTOR_TEACHER_PYTHON_TEACHER_H_
#define SHADOWTUTOR_TEACHER_PYTHON_TEACHER_H_

#include <chrono>
#include <memory>

#include "shadowtutor/types.h"
#include "teacher/model_card.h"
#include "teacher/python_worker.h"
#include "teacher/teacher.h"

namespace shadowtutor::teacher::internal {

struct PythonTeacherOptions {
  using Clock = std::chrono::steady_clock;

  PythonWorkerOptions worker;  // interpreter, file and function are the card's
  /// The time by which restarts are counted, for tests to replace.
  Clock::time_point (*now)() = Clock::now;
};

/// Starts the function's process and waits until it has imported the file. Maps its classes as
/// MakeClassMapping does. A process that ends, or that Interrupt or a timeout has ended, is started
/// again for the next frame: the first time at once, then, until a frame is labelled, after pauses
/// of 1 s, 2 s and so on up to kMostPause, during which frames are refused. While it imports the
/// file, Interrupt ends the call, but not the process, for which the next frame waits. Throws Error
/// as PythonWorker, CheckModuleClasses and MakeClassMapping.
std::unique_ptr<Teacher> OpenPythonTeacher(const ModelCard& card, const ClassList& student_classes,
                                           int student_background,
                                           PythonTeacherOptions options = {});

inline constexpr std::chrono::seconds kMostPause{60};

}  // namespace shadowtutor::teacher::internal

#endif  // SHADOWTUTOR_TEACHER_PYTHON_TEACHER_H_
