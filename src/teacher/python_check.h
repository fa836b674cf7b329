// What `teacher check` says of a Python function, and what it says of every teacher.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_TEACHER_PYTHON_CHECK_H_
#define SHADOWTUTOR_TEACHER_PYTHON_CHECK_H_

#include <string>
#include <vector>

#include "shadowtutor/types.h"
#include "teacher/model_card.h"
#include "teacher/teacher_check.h"

namespace shadowtutor::teacher {

/// Runs the function on `image`, once and then `runs` times (>= 1) to measure. Throws Error as
/// OpenTeacher; what the function raises is in the findings.
TeacherCheck CheckPythonTeacher(const ModelCard& card, ImageView image, int runs);

/// If one class has at least this share, the whole picture counts as one class.
inline constexpr double kAllOfIt = 0.999;

inline constexpr char kNoneApart[] =
    "the student tells apart none of the classes that the teacher sees here; see student.map";

/// The finding that all of the picture is one class, although there is more in it if `wrong`.
std::string AllOfItIs(const std::string& name, const std::string& wrong);

/// The classes that have pixels, the largest first.
std::vector<ClassShare> NamedShares(const LabelMap& label, const ClassList& classes);

/// The upper median. There must be one.
double Median(std::vector<double> values);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_PYTHON_CHECK_H_
