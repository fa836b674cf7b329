// A plan's figures collected: some are given, some measured on this machine, some follow from the
// rest, and the plan tells its reader which is which.
#ifndef SHADOWTUTOR_EVAL_PLAN_PLAN_INPUTS_H_
#define SHADOWTUTOR_EVAL_PLAN_PLAN_INPUTS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eval/plan/plan_measurements.h"
#include "eval/plan/system_plan.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/frame_codec.h"
#include "wire/key_frame_codec.h"
#include "wire/update_codec.h"

namespace shadowtutor::eval {

/// What is known of a system before it is built. Times in milliseconds, sizes in bytes; what is
/// absent is measured or derived as far as the rest allows.
struct SystemDescription {
  std::optional<double> student_ms, step_ms, teacher_ms;
  /// Take on this machine the times that are not given; the teacher's needs `teacher`.
  bool measure = false;
  double seconds = 2;   // for each measurement, about
  std::string teacher;  // model card
  std::string student;  // checkpoint, for its classes and channels
  std::string source;   // video or image folder, for frames and their size

  std::optional<double> bytes_up, bytes_down;
  std::optional<FrameSize> size;  // absent: the source's, else 1280x720
  wire::FrameCodec frame_codec = wire::FrameCodec::kRaw;
  wire::KeyFrameQuality quality;
  wire::UpdateCodec update_codec = wire::UpdateCodec::kFp32;
  nn::Stage cut = nn::kPartialDistillation;  // first stage that is trained
  int classes = 9;                           // without `student`
  bool always_send = false;                  // updates travel also when nothing changed

  std::vector<double> bandwidths;  // bits per second
  std::vector<int> min_strides, max_strides;
  double latency_ms = 0;
  int max_updates = kDefaultMaxUpdates, clients = 1;
  uint64_t frames = 0;  // of a run whose bounds are wanted, too; 0: none

  static constexpr int kDefaultMaxUpdates = 8;
};

/// The student on this machine.
struct StudentTimes {
  double inference_ms = 0, step_ms = 0;
  std::string machine;  // "4 threads, AVX2", for the plan's reader
};
struct StudentTiming {
  FrameSize size;
  std::shared_ptr<const nn::Checkpoint> student;  // null: a fresh one of so many `classes`
  int classes = 0;
  nn::Stage cut = nn::kPartialDistillation;
  double seconds = 0;
};

/// What collecting inputs needs of its caller.
struct PlanTools {
  std::function<StudentTimes(const StudentTiming&)> time_student;
  StopFunction stop;                                 // may be empty
  std::function<void(const std::string& line)> log;  // says what is measured; may be empty
};

/// What a plan needs that is neither given nor can be measured.
enum class PlanNeed {
  kStudentTime,
  kStepTime,
  kTeacherTime,
  kKeyFrameBytes,  // JPEG without frames to compress
};
std::vector<PlanNeed> MissingInputs(const SystemDescription& system);

/// Opens and measures what it must. Throws Error: kInvalidArgument when something is missing or
/// `size` is not the source's, kCancelled when stopped, and what teacher, student, source and
/// `time_student` throw.
PlanRequest CollectInputs(const SystemDescription& system, const PlanTools& tools);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_PLAN_PLAN_INPUTS_H_
