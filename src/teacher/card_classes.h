// Reads the lists of classes of a model card, the teacher's and the student's. Internal to
// teacher/.
//
// All functions throw Error kInvalidArgument as `card` does. Thread safety: any thread.
#ifndef SHADOWTUTOR_TEACHER_CARD_CLASSES_H_
#define SHADOWTUTOR_TEACHER_CARD_CLASSES_H_

#include <string>
#include <utility>
#include <vector>

#include "teacher/card_yaml.h"
#include "teacher/student_section.h"

namespace shadowtutor::teacher {

/// Reads `classes`, a list, and `background` of a map, whose keys have this prefix in sentences.
/// `background` becomes an index into `classes`, -1 for none.
void ReadClassList(const CardYaml& card, const YAML::Node& map, const std::string& prefix,
                   ClassList& classes, int& background);

/// Classes that a card lists by the network's indices.
struct IndexedClasses {
  ClassList classes;
  int background = -1;
  std::vector<std::pair<int, int>> class_of;  // the network's index, and the one into `classes`
};

/// Reads `classes` where they are {0: person, 2: car}, and `background`, which is added if it is
/// not among them.
IndexedClasses ReadIndexedClasses(const CardYaml& card, const YAML::Node& root);

/// Reads the section `student`. `teacher`: the classes that its map may name.
StudentSection ReadStudentSection(const CardYaml& card, const YAML::Node& section,
                                  const ClassList& teacher);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_CARD_CLASSES_H_
