// OpenTeacher of the public teacher.h.
#include "teacher/open_teacher.h"

#include "shadowtutor/teacher.h"
#include "teacher/oip/use_oip.h"

namespace shadowtutor {

std::unique_ptr<Teacher> OpenTeacher(const std::string& card, const ClassList& student_classes,
                                     int student_background) {
  teacher::oip::UseOip();
  return teacher::OpenTeacher(card, student_classes, student_background);
}

}  // namespace shadowtutor
