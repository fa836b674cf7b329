#include "teacher/open_teacher.h"

#include "teacher/python_teacher.h"
#include "teacher/teachers_internal.h"

namespace shadowtutor::teacher {

std::unique_ptr<Teacher> OpenTeacher(const std::filesystem::path& card,
                                     const ClassList& student_classes, int student_background) {
  const ModelCard model = LoadModelCard(card);
  if (model.kind == Kind::kPython) {
    return internal::OpenPythonTeacher(model, student_classes, student_background);
  }
  const ClassMapping mapping = MakeClassMapping(model, student_classes, student_background);
  if (model.kind == Kind::kReplay) return internal::OpenReplayTeacher(model, mapping);
  return internal::OpenNetworkTeacher(model, mapping);
}

}  // namespace shadowtutor::teacher
