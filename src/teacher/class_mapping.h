// The mapping from a teacher's classes to a student's.
#ifndef SHADOWTUTOR_TEACHER_CLASS_MAPPING_H_
#define SHADOWTUTOR_TEACHER_CLASS_MAPPING_H_

#include <array>
#include <cstdint>

#include "shadowtutor/types.h"
#include "teacher/model_card.h"

namespace shadowtutor::teacher {

/// The student's class for each of the teacher's classes. Plain value.
struct ClassMapping {
  std::array<uint8_t, 256> student_of = {};  // by the teacher's class index, below teacher_classes
  int teacher_classes = 0;
  ClassList classes;  // the student's
  int background = -1;

  /// Replaces the teacher's class indices in `labels` by the student's. All must be below
  /// teacher_classes.
  void Apply(LabelMap& labels) const;
};

/// Maps the card's classes by their names: to `student_classes` if there are any, else to the
/// classes of the card's student section, else to the teacher's own classes. If the card has a
/// student section, it gives the names for the teacher's classes. A class without a counterpart
/// becomes background. Throws Error kInvalidArgument when no class has a counterpart, or when one
/// has none and the student has no background class.
ClassMapping MakeClassMapping(const ModelCard& card, const ClassList& student_classes,
                              int student_background);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_CLASS_MAPPING_H_
