// Runs a teacher on one picture and diagnoses likely mistakes in its card. The implementation of
// `shadowtutor teacher check`.
#ifndef SHADOWTUTOR_TEACHER_TEACHER_CHECK_H_
#define SHADOWTUTOR_TEACHER_TEACHER_CHECK_H_

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

struct ClassShare {
  std::string name;
  double share = 0;  // of the frame's pixels
};

struct CheckedInstance {
  std::string name;             // the teacher's class; empty: a Python function does not say
  std::optional<double> score;  // nullopt: the same
  Box box;
};

struct TeacherCheck {
  std::string description;  // kind, input, runtime; of a Python function its file and name
  FrameSize frame;
  /// Whether there is a label. If not, `findings` says why.
  bool works = false;
  LabelMap label;  // in the student's classes
  ClassList classes;
  int background = -1;
  std::vector<ClassShare> teacher_shares;  // of the teacher's own classes, the largest first
  std::vector<ClassShare> student_shares;
  bool has_instances = false;
  std::vector<CheckedInstance> instances;  // by descending score
  int candidates = 0;                      // instances with any score, also below the threshold
  double seconds_per_frame = 0;            // median time, including preparation and decoding
  /// How sure the network is, 0 to 1: the mean of each pixel's largest probability, or the mean
  /// score of the instances. Kinds that give only class indices have none.
  std::optional<double> sureness;
  /// The lowest and the highest value in the network's input. A Python function gets the frame.
  bool has_input_range = true;
  double input_low = 0, input_high = 0;
  /// Sentences that say what may be wrong and what to try; empty when nothing looks wrong.
  std::vector<std::string> findings;
};

/// Runs the card's teacher on `image`: `runs` times (>= 1) to measure the time, and once with each
/// correction of a plausible mistake in the card (another channel order, scale, mean or deviation).
/// A Python function is only run, because its card has no input that could be mistaken.
/// Throws Error when the card or its network cannot be read, and for a replay card. Other problems
/// are in the result's findings.
TeacherCheck CheckTeacher(const std::filesystem::path& card, ImageView image, int runs = 3);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_TEACHER_CHECK_H_
