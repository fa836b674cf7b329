// Runs a teacher on one picture and diagnoses likely mistakes in its card. The implementation of
// `shadowtutor teacher check`.
#ifndef SHADOWTUTOR_TEACHER_TEACHER_CHECK_H_
#define SHADOWTUTOR_TEACHER_TEACHER_CHECK_H_

#include <filesystem>

#include "shadowtutor/types.h"
#include "teacher/check_result.h"

namespace shadowtutor::teacher {

/// Runs the card's teacher on `image`: `runs` times (>= 1) to measure the time, and once with each
/// correction of a plausible mistake in the card (another channel order, scale, mean or deviation).
/// A Python function is only run, because its card has no input that could be mistaken. Of a model
/// on a server, what the server tells of it is compared with the card first.
/// Throws Error when the card or its network cannot be read, and for a replay card. Other problems
/// are in the result's findings.
TeacherCheck CheckTeacher(const std::filesystem::path& card, ImageView image, int runs = 3);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_TEACHER_CHECK_H_
