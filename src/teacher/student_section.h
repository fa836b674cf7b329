// The classes of students, as a model card has them.
#ifndef SHADOWTUTOR_TEACHER_STUDENT_SECTION_H_
#define SHADOWTUTOR_TEACHER_STUDENT_SECTION_H_

#include <string>
#include <utility>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

/// The card's optional section about the student's classes.
struct StudentSection {
  bool present = false;
  ClassList classes;
  int background = -1;
  // Pairs of a teacher's and a student's class name. Without a map, equal names belong together.
  bool has_map = false;
  std::vector<std::pair<std::string, std::string>> map;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_STUDENT_SECTION_H_
