// `shadowtutor teacher check`: what a teacher sees in one picture, and what may be wrong with its
// card.
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
  std::string name;  // the teacher's class
  double score = 0;
  Box box;
};

struct TeacherCheck {
  std::string description;  // kind, input, runtime
  FrameSize frame;
  /// False: there is no label, and `findings` says why.
  bool works = false;
  LabelMap label;  // in the classes that the student learns
  ClassList classes;
  int background = -1;
  std::vector<ClassShare> teacher_shares;  // the teacher's own classes, the largest first
  std::vector<ClassShare> student_shares;
  bool has_instances = false;
  std::vector<CheckedInstance> instances;  // the surest first
  int candidates = 0;                      // of instances, below the threshold too
  double seconds_per_frame = 0;            // the median, preparation and decoding included
  /// How sure the network is, 0 to 1: the mean of each pixel's largest probability, or the mean
  /// score of the instances. Kinds that give only class indices have none.
  std::optional<double> sureness;
  /// What the network was fed: the lowest and the highest value.
  double input_low = 0, input_high = 0;
  /// Sentences that say what may be wrong and what to try; empty when nothing looks wrong.
  std::vector<std::string> findings;
};

/// Runs the card's teacher on `image`, `runs` times (>= 1) for the time, and once for each
/// plausible mistake in the card: another channel order, scale, mean or deviation. Throws Error
/// where the card or its network cannot be read at all, or for a replay card; what is wrong beyond
/// that is in the result.
TeacherCheck CheckTeacher(const std::filesystem::path& card, ImageView image, int runs = 3);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_TEACHER_CHECK_H_
