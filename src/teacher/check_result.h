// What a check of a teacher finds, and what those of all kinds of teachers say.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_TEACHER_CHECK_RESULT_H_
#define SHADOWTUTOR_TEACHER_CHECK_RESULT_H_

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

/// If one class has at least this share, the whole picture counts as one class.
inline constexpr double kAllOfIt = 0.999;

inline constexpr char kNoneApart[] =
    "the student tells apart none of the classes that the teacher sees here; see student.map";

/// The finding that all of the picture is one class, although there is more in it if `wrong`.
std::string AllOfItIs(const std::string& name, const std::string& wrong);

/// The classes that have pixels, the largest first.
std::vector<ClassShare> NamedShares(const LabelMap& label, const ClassList& classes);

/// The upper median. There must be one.
double Median(std::vector<double> values);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_CHECK_RESULT_H_
