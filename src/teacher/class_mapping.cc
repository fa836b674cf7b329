#include "teacher/class_mapping.h"

#include <string>

namespace shadowtutor::teacher {
namespace {

int IndexOf(const ClassList& classes, const std::string& name) {
  for (size_t i = 0; i < classes.size(); ++i) {
    if (classes[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

void Append(std::string& list, const std::string& name) {
  list += (list.empty() ? "" : ", ") + name;
}

std::string Names(const ClassList& classes) {
  std::string names;
  for (const ClassInfo& info : classes) Append(names, info.name);
  return names;
}

// The student class that the card means for a teacher class, by name; empty where it means none.
std::string NameForStudent(const ModelCard& card, const std::string& teacher_class) {
  if (!card.student.has_map) return teacher_class;
  for (const auto& [from, to] : card.student.map) {
    if (from == teacher_class) return to;
  }
  return "";
}

}  // namespace

void ClassMapping::Apply(LabelMap& labels) const {
  for (uint8_t& label : labels.labels()) label = student_of[label];
}

ClassMapping MakeClassMapping(const ModelCard& card, const ClassList& student_classes,
                              int student_background) {
  ClassMapping mapping;
  mapping.teacher_classes = static_cast<int>(card.classes.size());
  if (!student_classes.empty()) {
    mapping.classes = student_classes;
    mapping.background = student_background;
  } else if (card.student.present) {
    mapping.classes = card.student.classes;
    mapping.background = card.student.background;
  } else {
    mapping.classes = card.classes;
    mapping.background = card.background;
  }
  const int count = static_cast<int>(mapping.classes.size());
  if (count > kMaxClasses || mapping.background >= count) {
    throw Error(ErrorCode::kInvalidArgument,
                "a student has at most " + std::to_string(kMaxClasses) +
                    " classes, and its background is one of them or -1");
  }

  int mapped = 0;
  std::string homeless;
  for (int i = 0; i < mapping.teacher_classes; ++i) {
    const std::string& name = card.classes[static_cast<size_t>(i)].name;
    const std::string wanted = NameForStudent(card, name);
    // A card that maps onto classes of its own may meet a student that lacks some of them.
    int to = wanted.empty() ? -1 : IndexOf(mapping.classes, wanted);
    if (to >= 0 && to != mapping.background) ++mapped;
    if (to < 0) {
      Append(homeless, name);
      to = mapping.background;
    }
    mapping.student_of[static_cast<size_t>(i)] = static_cast<uint8_t>(to < 0 ? 0 : to);
  }
  if (mapped == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                card.path.string() + ": none of the teacher's classes (" + Names(card.classes) +
                    ") becomes one of the student's (" + Names(mapping.classes) +
                    "); say in the card's `student.map` which becomes which");
  }
  if (!homeless.empty() && mapping.background < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                card.path.string() + ": the student has no class for " + homeless +
                    " and no background class to put them into; name its background, or map them "
                    "in the card's `student.map`");
  }
  return mapping;
}

}  // namespace shadowtutor::teacher
