// Reads the lists of classes of a model card, the teacher's and the student's. Internal to
// teacher/.
//
// All functions throw Error kInvalidArgument as `card` does. Thread safety: any thread.
#ifndef SHADOWTUTOR_TEACHER_CARD_CLASSES_H_
#define SHADOWTUTOR_TEACHER_CARD_CLASSES_H_

#include <string>

#include "teacher/card_yaml.h"
#include "teacher/model_card.h"

namespace shadowtutor::teacher {

/// Reads `classes`, a list, and `background` of a map, whose keys have this prefix in sentences.
/// `background` becomes an index into `classes`, -1 for none.
void ReadClassList(const CardYaml& card, const YAML::Node& map, const std::string& prefix,
                   ClassList& classes, int& background);

/// Reads `classes` where they are {0: person, 2: car}, class indices of the network and their
/// names, and `background`: sets classes, background and instances of `to`.
void ReadIndexedClasses(const CardYaml& card, const YAML::Node& root, ModelCard& to);

/// Reads the section `student`. `teacher`: the classes that its map may name.
StudentSection ReadStudentSection(const CardYaml& card, const YAML::Node& section,
                                  const ClassList& teacher);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_CARD_CLASSES_H_
