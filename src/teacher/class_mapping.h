// From a teacher's classes to a student's.
#ifndef SHADOWTUTOR_TEACHER_CLASS_MAPPING_H_
#define SHADOWTUTOR_TEACHER_CLASS_MAPPING_H_

#include <array>
#include <cstdint>

#include "shadowtutor/types.h"
#include "teacher/model_card.h"

namespace shadowtutor::teacher {

/// What a label in the teacher's class indices becomes for the student. Plain value.
struct ClassMapping {
  std::array<uint8_t, 256> student_of = {};  // meaningful below teacher_classes
  int teacher_classes = 0;
  ClassList classes;  // the student's
  int background = -1;

  /// In place. The labels must be below teacher_classes.
  void Apply(LabelMap& labels) const;
};

/// `student_classes`, when not empty, are the classes to map onto: the names that the card's
/// student section (or the teacher, where there is none) gives are looked up among them. When
/// empty, the card's student classes serve, or the teacher's own. What finds no place becomes
/// background. Throws Error kInvalidArgument when nothing maps, or when the student has no
/// background class for what finds no place.
ClassMapping MakeClassMapping(const ModelCard& card, const ClassList& student_classes,
                              int student_background);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_CLASS_MAPPING_H_
