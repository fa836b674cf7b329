#include "eval/plan/plan_inputs.h"

#include <utility>

#include "core/text.h"
#include "nn/checkpoint_io.h"
#include "teacher/open_teacher.h"
#include "teacher/teacher.h"
#include "video/open_source.h"
#include "video/source.h"
#include "wire/codec_names.h"

namespace shadowtutor::eval {
namespace {

constexpr double kMilliseconds = 1e-3;
// Of a coded update per weight, about: with the default policy on five clips (docs/traffic.md).
constexpr double kCodedBytes = 0.016;
constexpr FrameSize kUsualSize{1280, 720};

// Whether a key frame's bytes depend on what it shows, so that they can only be measured.
bool DependsOnContent(wire::FrameCodec codec) {
  switch (codec) {
    case wire::FrameCodec::kRaw:
      return false;
    case wire::FrameCodec::kJpeg:
    case wire::FrameCodec::kH264:
    case wire::FrameCodec::kVp9:
    case wire::FrameCodec::kAv1:
      break;
  }
  return true;
}

class Collector {
 public:
  Collector(const SystemDescription& system, const PlanTools& tools)
      : system_(system), tools_(tools) {}

  PlanRequest Collect() {
    request_.bandwidths = system_.bandwidths;
    request_.min_strides = system_.min_strides;
    request_.max_strides = system_.max_strides;
    request_.clients = system_.clients;
    if (system_.frames > 0) request_.frames = system_.frames;
    request_.costs.max_updates = system_.max_updates;
    OpenFiles();
    CollectTimes();
    CollectBytes();
    if (system_.latency_ms > 0) {
      request_.costs.latency = system_.latency_ms * kMilliseconds;
      Note("latency_ms", "latency, both ways", system_.latency_ms, "ms", "given", "");
    }
    Note("max_updates", "steps per key frame, most", system_.max_updates, "",
         system_.max_updates == SystemDescription::kDefaultMaxUpdates ? "default" : "given", "");
    return std::move(request_);
  }

 private:
  void OpenFiles() {
    if (!system_.student.empty()) {
      student_ = std::make_shared<const nn::Checkpoint>(nn::LoadCheckpoint(system_.student));
    }
    size_ = system_.size.value_or(kUsualSize);
    if (system_.source.empty()) return;
    video::SourceOptions reading;
    reading.stop = tools_.stop;
    const auto source = video::OpenSource(system_.source, reading);
    constexpr int kMost = 20, kEvery = 10;
    samples_ = SampleFrames(*source, kMost, source->live() ? 1 : kEvery, tools_.stop);
    const FrameSize found = samples_.front().frame.size();
    if (system_.size && size_ != found) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the source's frames have " + SizeText(found) +
                      " pixels, but the size that is given says " + SizeText(size_) +
                      "; leave one of the two out",
                  Setting::kFrameSize);
    }
    size_ = found;
  }

  void CollectTimes() {
    StudentTimes student;
    if (!system_.student_ms || !system_.step_ms) student = MeasureStudent();
    const std::string where = "at " + SizeText(size_) + ", " + student.machine;
    Time("student_ms", "student, one frame", system_.student_ms, student.inference_ms, where,
         request_.costs.t_si);
    Time("step_ms", "distillation step", system_.step_ms, student.step_ms,
         where + ", from " + std::string(nn::StageName(system_.cut)) + " on", request_.costs.t_sd);
    double teacher_ms = 0;
    std::string what;
    if (!system_.teacher_ms) {
      const auto teacher =
          student_ ? teacher::OpenTeacher(system_.teacher, student_->classes, student_->background)
                   : teacher::OpenTeacher(system_.teacher);
      what = "at " + SizeText(size_) + ", " + teacher->description();
      Log("measuring the teacher");
      if (samples_.empty()) samples_.push_back({Image(size_.width, size_.height), 0});
      teacher_ms = MeasureTeacher(*teacher, samples_, system_.seconds, tools_.stop);
    }
    Time("teacher_ms", "teacher, one key frame", system_.teacher_ms, teacher_ms, what,
         request_.costs.t_ti);
  }

  StudentTimes MeasureStudent() const {
    Log("measuring the student");
    return tools_.time_student({.size = size_,
                                .student = student_,
                                .classes = system_.classes,
                                .cut = system_.cut,
                                .seconds = system_.seconds});
  }

  void CollectKeyFrameBytes() {
    double& bytes = request_.costs.bytes_up;
    switch (system_.frame_codec) {
      case wire::FrameCodec::kRaw:
        bytes = static_cast<double>(wire::RawFrameBytes(size_));
        Note("bytes_up", "key frame up", bytes, "bytes", "derived",
             SizeText(size_) + " pixels, raw");
        break;
      case wire::FrameCodec::kJpeg:
      case wire::FrameCodec::kH264:
      case wire::FrameCodec::kVp9:
      case wire::FrameCodec::kAv1:
        bytes = MeanKeyFrameBytes(samples_, system_.frame_codec, system_.quality);
        Note("bytes_up", "key frame up", bytes, "bytes", "measured",
             "mean of " + std::to_string(samples_.size()) + " frames of " + SizeText(size_) +
                 " as " +
                 (system_.frame_codec == wire::FrameCodec::kJpeg
                      ? "JPEG, quality " + std::to_string(system_.quality.jpeg)
                      : std::string(wire::NameOf(system_.frame_codec)) +
                            ", each predicted from the one before, about " +
                            std::to_string(system_.quality.pictures.bytes) + " bytes wanted"));
        break;
    }
  }

  void CollectBytes() {
    SystemCosts& costs = request_.costs;
    if (system_.bytes_up) {
      costs.bytes_up = *system_.bytes_up;
      Note("bytes_up", "key frame up", costs.bytes_up, "bytes", "given", "");
    } else {
      CollectKeyFrameBytes();
    }
    if (system_.bytes_down) {
      costs.bytes_down = *system_.bytes_down;
      Note("bytes_down", "update down", costs.bytes_down, "bytes", "given", "");
    } else {
      const nn::NetworkSpec spec =
          student_ ? student_->layout->spec() : nn::NetworkSpec{.classes = system_.classes};
      const size_t weights = nn::NetworkLayout(spec).TrainedSize(system_.cut);
      const bool coded = system_.update_codec == wire::UpdateCodec::kCoded;
      costs.bytes_down =
          coded ? kCodedBytes * static_cast<double>(weights)
                : static_cast<double>(wire::UpdateBytes(system_.update_codec, weights));
      Note("bytes_down", "update down", costs.bytes_down, "bytes", coded ? "estimated" : "derived",
           std::to_string(weights) + " weights from " + std::string(nn::StageName(system_.cut)) +
               " on in " + std::string(wire::NameOf(system_.update_codec)) + ", " +
               std::to_string(spec.classes) + " classes");
    }
    costs.least_bytes_down = system_.always_send ? costs.bytes_down : 0;
    Note("least_bytes_down", "  when nothing changed", *costs.least_bytes_down, "bytes",
         system_.always_send ? "given" : "default",
         system_.always_send ? "sent all the same, as in the paper" : "then none is sent");
    request_.naive_bytes_up = costs.bytes_up;
    request_.naive_bytes_down = static_cast<double>(size_.pixels());
    Note("naive_bytes_down", "naive: labels down", request_.naive_bytes_down, "bytes", "derived",
         "a byte for each of " + SizeText(size_) + " pixels");
  }

  void Time(const char* key, const char* name, const std::optional<double>& given, double measured,
            const std::string& how, double& seconds) {
    const double milliseconds = given.value_or(measured);
    seconds = milliseconds * kMilliseconds;
    Note(key, name, milliseconds, "ms", given ? "given" : "measured", given ? "" : how);
  }

  void Note(const char* key, const char* name, double value, const char* unit, const char* origin,
            const std::string& note) {
    request_.inputs.push_back({key, name, value, unit, origin, note});
  }

  void Log(const char* line) const {
    if (tools_.log) tools_.log(line);
  }

  const SystemDescription& system_;
  const PlanTools& tools_;
  PlanRequest request_;
  std::shared_ptr<const nn::Checkpoint> student_;
  FrameSize size_;
  std::vector<SampledFrame> samples_;
};

}  // namespace

std::vector<PlanNeed> MissingInputs(const SystemDescription& system) {
  std::vector<PlanNeed> missing;
  if (!system.student_ms && !system.measure) missing.push_back(PlanNeed::kStudentTime);
  if (!system.step_ms && !system.measure) missing.push_back(PlanNeed::kStepTime);
  if (!system.teacher_ms && (!system.measure || system.teacher.empty())) {
    missing.push_back(PlanNeed::kTeacherTime);
  }
  if (DependsOnContent(system.frame_codec) && !system.bytes_up && system.source.empty()) {
    missing.push_back(PlanNeed::kKeyFrameBytes);
  }
  return missing;
}

PlanRequest CollectInputs(const SystemDescription& system, const PlanTools& tools) {
  if (!MissingInputs(system).empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "a plan needs the times of student, step and teacher and the size of a key frame; "
                "give them, or what they can be measured with");
  }
  return Collector(system, tools).Collect();
}

}  // namespace shadowtutor::eval
