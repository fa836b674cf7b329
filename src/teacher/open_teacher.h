// From a model card to a teacher.
#ifndef SHADOWTUTOR_TEACHER_OPEN_TEACHER_H_
#define SHADOWTUTOR_TEACHER_OPEN_TEACHER_H_

#include <filesystem>
#include <memory>

#include "shadowtutor/types.h"
#include "teacher/teacher.h"

namespace shadowtutor::teacher {

/// Opens the teacher that a model card (YAML) describes; see docs/teachers.md for the card's keys.
/// `student_classes`, when not empty, are the classes to map onto (by name); when empty the card's
/// own student classes serve. Throws Error that names the card, the key and the remedy.
std::unique_ptr<Teacher> OpenTeacher(const std::filesystem::path& card,
                                     const ClassList& student_classes = {},
                                     int student_background = -1);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_OPEN_TEACHER_H_
