// `shadowtutor plan`: how fast a system will be and how much network it takes, before it is built.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/device_benchmark.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/quantities.h"
#include "core/atomic_file.h"
#include "eval/plan/plan.h"
#include "eval/plan/plan_measurements.h"
#include "nn/checkpoint_io.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "teacher/open_teacher.h"
#include "teacher/teacher.h"
#include "video/open_source.h"
#include "video/source.h"
#include "wire/frame_codec.h"
#include "wire/jpeg.h"
#include "wire/update_codec.h"

namespace shadowtutor::cli {
namespace {

struct PlanArguments {
  std::optional<double> student_ms, step_ms, teacher_ms;
  std::string bytes_up, bytes_down, size;
  std::string frame_codec = "raw", update_codec = "fp32", cut = "dec2";
  int jpeg_quality = wire::kDefaultJpegQuality, classes = 9;
  std::string bandwidth = "80", min_stride = "8", max_stride = "64";
  double latency_ms = 0;
  int max_updates = 8, clients = 1;
  uint64_t frames = 0;
  bool always_send = false, measure = false;
  std::string teacher, student, source, json;
  double seconds = 2;
};

constexpr double kMilliseconds = 1e-3;

// Fills a plan's request from what was given, what can be measured and what follows from the rest,
// and keeps book of which was which.
class Inputs {
 public:
  explicit Inputs(const PlanArguments& arguments) : arguments_(arguments) {}

  eval::PlanRequest Collect() {
    request_.bandwidths = ParseNumbers("--bandwidth", arguments_.bandwidth);
    for (double& bandwidth : request_.bandwidths) bandwidth *= eval::kMegabit;
    request_.min_strides = ParseWholeNumbers("--min-stride", arguments_.min_stride);
    request_.max_strides = ParseWholeNumbers("--max-stride", arguments_.max_stride);
    request_.clients = arguments_.clients;
    if (arguments_.frames > 0) request_.frames = arguments_.frames;
    request_.costs.max_updates = arguments_.max_updates;
    cut_ = nn::ParseStage(arguments_.cut);
    NameWhatIsMissing();
    OpenFiles();
    CollectTimes();
    CollectBytes();
    if (arguments_.latency_ms > 0) {
      request_.costs.latency = arguments_.latency_ms * kMilliseconds;
      Note("latency_ms", "latency, both ways", arguments_.latency_ms, "ms", "given", "");
    }
    Note("max_updates", "steps per key frame, most", arguments_.max_updates, "",
         arguments_.max_updates == 8 ? "default" : "given", "");
    return std::move(request_);
  }

 private:
  // What neither the command line nor a measurement will give.
  void NameWhatIsMissing() const {
    std::string missing;
    const auto need = [&](bool there, const char* option) {
      if (!there) missing += (missing.empty() ? "" : ", ") + std::string(option);
    };
    need(arguments_.student_ms || arguments_.measure, "--student-ms");
    need(arguments_.step_ms || arguments_.measure, "--step-ms");
    need(arguments_.teacher_ms || (arguments_.measure && !arguments_.teacher.empty()),
         "--teacher-ms");
    if (!missing.empty()) {
      throw Error(ErrorCode::kInvalidArgument,
                  "a plan needs " + missing +
                      "; give the times in milliseconds, or --measure with --teacher CARD to take "
                      "them on this machine");
    }
    if (arguments_.frame_codec == "jpeg" && arguments_.bytes_up.empty() &&
        arguments_.source.empty()) {
      throw Error(
          ErrorCode::kInvalidArgument,
          "what a frame weighs as JPEG depends on the frame; name a --source to take frames "
          "from, or --bytes-up");
    }
  }

  void OpenFiles() {
    if (!arguments_.student.empty()) {
      student_ = std::make_shared<const nn::Checkpoint>(nn::LoadCheckpoint(arguments_.student));
    }
    size_ = ParseFrameSize("--size", arguments_.size.empty() ? "1280x720" : arguments_.size);
    if (arguments_.source.empty()) return;
    const auto source = video::OpenSource(arguments_.source);
    constexpr int kMost = 20, kEvery = 10;
    samples_ = eval::SampleFrames(*source, kMost, source->live() ? 1 : kEvery, Interrupted);
    const FrameSize found = samples_.front().frame.size();
    if (!arguments_.size.empty() && size_ != found) {
      throw Error(ErrorCode::kInvalidArgument, "the source's frames have " + Sides(found) +
                                                   " pixels, but --size says " + Sides(size_) +
                                                   "; leave one of the two out");
    }
    size_ = found;
  }

  void CollectTimes() {
    if (!arguments_.student_ms || !arguments_.step_ms) MeasureStudent();
    Time("student_ms", "student, one frame", arguments_.student_ms, device_.inference_ms,
         MeasuredAt(), request_.costs.t_si);
    Time("step_ms", "distillation step", arguments_.step_ms, device_.partial_step_ms,
         MeasuredAt() + ", from " + arguments_.cut + " on", request_.costs.t_sd);
    double teacher_ms = 0;
    std::string what;
    if (!arguments_.teacher_ms) {
      const auto teacher = student_ ? teacher::OpenTeacher(arguments_.teacher, student_->classes,
                                                           student_->background)
                                    : teacher::OpenTeacher(arguments_.teacher);
      what = "at " + Sides(size_) + ", " + teacher->description();
      std::fputs("measuring the teacher\n", stderr);
      if (samples_.empty()) samples_.push_back({Image(size_.width, size_.height), 0});
      teacher_ms = eval::MeasureTeacher(*teacher, samples_, arguments_.seconds, Interrupted);
    }
    Time("teacher_ms", "teacher, one key frame", arguments_.teacher_ms, teacher_ms, what,
         request_.costs.t_ti);
  }

  void MeasureStudent() {
    std::fputs("measuring the student\n", stderr);
    app::DeviceBenchmarkOptions options;
    options.size = size_;
    options.student = student_;
    options.classes = arguments_.classes;
    options.partial_cut = cut_;
    options.full_step = false;
    options.seconds = arguments_.seconds;
    options.interrupted = Interrupted;
    device_ = app::RunDeviceBenchmark(options);
  }

  void CollectBytes() {
    eval::SystemCosts& costs = request_.costs;
    if (!arguments_.bytes_up.empty()) {
      costs.bytes_up = ParseBytes("--bytes-up", arguments_.bytes_up);
      Note("bytes_up", "key frame up", costs.bytes_up, "bytes", "given", "");
    } else if (arguments_.frame_codec == "jpeg") {
      costs.bytes_up = eval::MeanJpegBytes(samples_, arguments_.jpeg_quality);
      Note("bytes_up", "key frame up", costs.bytes_up, "bytes", "measured",
           "mean of " + std::to_string(samples_.size()) + " frames of " + Sides(size_) +
               " as JPEG, quality " + std::to_string(arguments_.jpeg_quality));
    } else {
      costs.bytes_up = static_cast<double>(wire::RawFrameBytes(size_));
      Note("bytes_up", "key frame up", costs.bytes_up, "bytes", "derived",
           Sides(size_) + " pixels, raw");
    }
    if (!arguments_.bytes_down.empty()) {
      costs.bytes_down = ParseBytes("--bytes-down", arguments_.bytes_down);
      Note("bytes_down", "update down", costs.bytes_down, "bytes", "given", "");
    } else {
      const nn::NetworkSpec spec =
          student_ ? student_->layout->spec() : nn::NetworkSpec{.classes = arguments_.classes};
      const size_t weights = nn::NetworkLayout(spec).TrainedSize(cut_);
      const auto codec =
          arguments_.update_codec == "fp16" ? wire::UpdateCodec::kFp16 : wire::UpdateCodec::kFp32;
      costs.bytes_down = static_cast<double>(wire::UpdateBytes(codec, weights));
      Note("bytes_down", "update down", costs.bytes_down, "bytes", "derived",
           std::to_string(weights) + " weights from " + arguments_.cut + " on in " +
               arguments_.update_codec + ", " + std::to_string(spec.classes) + " classes");
    }
    costs.least_bytes_down = arguments_.always_send ? costs.bytes_down : 0;
    Note("least_bytes_down", "  when nothing changed", *costs.least_bytes_down, "bytes",
         arguments_.always_send ? "given" : "default",
         arguments_.always_send ? "sent all the same, as in the paper" : "then none is sent");
    request_.naive_bytes_up = costs.bytes_up;
    request_.naive_bytes_down = static_cast<double>(size_.pixels());
    Note("naive_bytes_down", "naive: labels down", request_.naive_bytes_down, "bytes", "derived",
         "a byte for each of " + Sides(size_) + " pixels");
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

  std::string MeasuredAt() const {
    return "at " + Sides(size_) + ", " + std::to_string(device_.threads) + " threads, " +
           device_.isa;
  }

  static std::string Sides(FrameSize size) {
    return std::to_string(size.width) + "x" + std::to_string(size.height);
  }

  const PlanArguments& arguments_;
  eval::PlanRequest request_;
  nn::Stage cut_ = nn::kPartialDistillation;
  std::shared_ptr<const nn::Checkpoint> student_;
  FrameSize size_;
  std::vector<eval::SampledFrame> samples_;
  app::DeviceBenchmark device_;
};

void MakeAndPrint(const PlanArguments& arguments) {
  InstallInterruptHandler();
  const eval::Plan plan = eval::MakePlan(Inputs(arguments).Collect());
  if (arguments.json == "-") {
    std::fputs(eval::PlanJson(plan).c_str(), stdout);
    return;
  }
  if (!arguments.json.empty()) WriteFileAtomically(arguments.json, eval::PlanJson(plan));
  std::fputs(eval::PlanText(plan).c_str(), stdout);
}

void AddMeasuringOptions(CLI::App& command, PlanArguments& a) {
  command.add_flag("--measure", a.measure, "Measure on this machine the times that are not given")
      ->group("Measuring");
  command.add_option("--teacher", a.teacher, "Model card (YAML) of the teacher to measure")
      ->group("Measuring");
  command.add_option("--student", a.student, "Student (.safetensors): its classes and channels")
      ->group("Measuring");
  command
      .add_option("--source", a.source, "Video or image folder to take frames and their size from")
      ->group("Measuring");
  command.add_option("--seconds", a.seconds, "Time for each measurement, about")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str()
      ->group("Measuring");
}

void AddByteOptions(CLI::App& command, PlanArguments& a) {
  command
      .add_option("--bytes-up", a.bytes_up,
                  "One key frame, such as 300kB or 2.637MiB; else from size and codec")
      ->group("Bytes");
  command.add_option("--bytes-down", a.bytes_down, "One update; else from codec, cut and classes")
      ->group("Bytes");
  command.add_option("--size", a.size, "Frame size (default: the source's, else 1280x720)")
      ->group("Bytes");
  command.add_option("--frame-codec", a.frame_codec, "How key frames travel; jpeg needs --source")
      ->check(CLI::IsMember({"jpeg", "raw"}))
      ->capture_default_str()
      ->group("Bytes");
  command.add_option("--jpeg-quality", a.jpeg_quality, "1 to 100")
      ->check(CLI::Range(1, 100))
      ->capture_default_str()
      ->group("Bytes");
  command.add_option("--update-codec", a.update_codec, "How updates travel")
      ->check(CLI::IsMember({"fp32", "fp16"}))
      ->capture_default_str()
      ->group("Bytes");
  command.add_option("--cut", a.cut, "First stage that is trained; in_conv1 is full distillation")
      ->capture_default_str()
      ->group("Bytes");
  command.add_option("--classes", a.classes, "Classes that the student tells apart")
      ->check(CLI::Range(2, kMaxClasses))
      ->capture_default_str()
      ->group("Bytes");
  command
      .add_flag("--always-send", a.always_send,
                "Updates travel also when nothing changed, as in the paper")
      ->group("Bytes");
}

}  // namespace

void AddPlanCommand(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<PlanArguments>();
  PlanArguments& a = *arguments;
  CLI::App* command = app.add_subcommand(
      "plan", "Bounds of traffic and throughput for a device, a server and a link");
  command->add_option("--student-ms", a.student_ms, "One prediction on the device");
  command->add_option("--step-ms", a.step_ms, "One distillation step on the server");
  command->add_option("--teacher-ms", a.teacher_ms, "The teacher on one key frame");
  command
      ->add_option("--bandwidth", a.bandwidth, "Mbit/s of either direction; also a list: 80,40,8")
      ->capture_default_str();
  command->add_option("--latency-ms", a.latency_ms, "What a key frame and its update take besides")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command
      ->add_option("--min-stride", a.min_stride,
                   "Least frames between key frames; also 4,8 or 4-16 (doubling) or 4-16:4")
      ->capture_default_str();
  command->add_option("--max-stride", a.max_stride, "Most frames between key frames; likewise")
      ->capture_default_str();
  command->add_option("--max-updates", a.max_updates, "Distillation steps per key frame, at most")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  command->add_option("--clients", a.clients, "Clients of one server")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command->add_option("--frames", a.frames, "Also the bounds of a run of so many frames");
  AddByteOptions(*command, a);
  AddMeasuringOptions(*command, a);
  command->add_option("--json", a.json, "Write the plan as JSON to this file (-: stdout)");
  command->footer("A device's own times: `shadowtutor bench` on it. docs/plan.md has an example.");
  command->callback([arguments, &exit_code] {
    MakeAndPrint(*arguments);
    exit_code = 0;
  });
}

}  // namespace shadowtutor::cli
