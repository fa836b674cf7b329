// The interface of teachers, under the names that the rooms use.
#ifndef SHADOWTUTOR_TEACHER_TEACHER_H_
#define SHADOWTUTOR_TEACHER_TEACHER_H_

#include "shadowtutor/teacher.h"

namespace shadowtutor::teacher {

using Answer = shadowtutor::TeacherAnswer;
using Teacher = shadowtutor::Teacher;

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_TEACHER_H_
