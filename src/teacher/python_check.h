// What `teacher check` says of a Python function.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_TEACHER_PYTHON_CHECK_H_
#define SHADOWTUTOR_TEACHER_PYTHON_CHECK_H_

#include "shadowtutor/types.h"
#include "teacher/check_result.h"
#include "teacher/model_card.h"

namespace shadowtutor::teacher {

/// Runs the function on `image`, once and then `runs` times (>= 1) to measure. Throws Error as
/// OpenTeacher; what the function raises is in the findings.
TeacherCheck CheckPythonTeacher(const ModelCard& card, ImageView image, int runs);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_PYTHON_CHECK_H_
