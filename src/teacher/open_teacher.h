// Opens the teacher of a model card.
#ifndef SHADOWTUTOR_TEACHER_OPEN_TEACHER_H_
#define SHADOWTUTOR_TEACHER_OPEN_TEACHER_H_

#include <filesystem>
#include <memory>

#include "shadowtutor/types.h"
#include "teacher/teacher.h"

namespace shadowtutor::teacher {

/// Opens the teacher that a model card (YAML) describes, or the Python function FILE.py:FUNCTION;
/// docs/teachers.md explains the card's keys.
/// Its answers are mapped by name to `student_classes` or, if that is empty, to the classes of the
/// card (MakeClassMapping). Throws Error, whose sentence names the card, the key and the remedy.
std::unique_ptr<Teacher> OpenTeacher(const std::filesystem::path& card,
                                     const ClassList& student_classes = {},
                                     int student_background = -1);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_OPEN_TEACHER_H_
