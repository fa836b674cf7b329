#include "teacher/python_check.h"

#include <chrono>
#include <utility>

#include "teacher/class_mapping.h"
#include "teacher/python_teacher.h"

namespace shadowtutor::teacher {

TeacherCheck CheckPythonTeacher(const ModelCard& card, ImageView image, int runs) {
  // First in the teacher's own classes.
  ModelCard own = card;
  own.student = {};
  const auto teacher = internal::OpenPythonTeacher(own, {}, -1);
  own.classes = teacher->classes();
  own.background = teacher->background();
  own.student = card.student;
  const ClassMapping mapping = MakeClassMapping(own, {}, -1);

  TeacherCheck check;
  check.frame = image.size();
  check.description = teacher->description();
  check.has_input_range = false;
  check.classes = mapping.classes;
  check.background = mapping.background;
  Answer answer;
  std::vector<double> seconds;
  try {
    answer = teacher->Label(image, 0);
    for (int run = 0; run < runs; ++run) {
      const auto start = std::chrono::steady_clock::now();
      answer = teacher->Label(image, 0);
      seconds.push_back(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
  } catch (const Error& error) {
    check.findings.emplace_back(error.what());
    return check;
  }
  check.works = true;
  check.seconds_per_frame = Median(std::move(seconds));
  check.teacher_shares = NamedShares(answer.label, own.classes);
  check.label = std::move(answer.label);
  mapping.Apply(check.label);
  check.student_shares = NamedShares(check.label, check.classes);
  check.has_instances = answer.has_instances;
  check.candidates = static_cast<int>(answer.instances.size());
  for (const Box& box : answer.instances) check.instances.push_back({"", std::nullopt, box});
  if (check.teacher_shares.front().share > kAllOfIt) {
    check.findings.push_back(AllOfItIs(check.teacher_shares.front().name,
                                       "the function may want another order of channels than "
                                       "blue, green, red, or another scale than 0 to 255"));
  } else if (check.student_shares.front().share > kAllOfIt) {
    check.findings.emplace_back(kNoneApart);
  }
  return check;
}

}  // namespace shadowtutor::teacher
