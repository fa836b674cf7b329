// `shadowtutor plan`: how fast a system will be and how much network it takes, before it is built.
#include "cli/plan.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "app/device_benchmark.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/outputs.h"
#include "cli/quantities.h"
#include "cli/value_types.h"
#include "eval/plan/system_plan.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/codec_names.h"

namespace shadowtutor::cli {
namespace {

void NameWhatIsMissing(const eval::SystemDescription& system) {
  std::string missing;
  bool frames = false;
  const auto need = [&](const char* option) {
    missing += (missing.empty() ? "" : ", ") + std::string(option);
  };
  for (const eval::PlanNeed each : eval::MissingInputs(system)) {
    switch (each) {
      case eval::PlanNeed::kStudentTime:
        need("--student-ms");
        break;
      case eval::PlanNeed::kStepTime:
        need("--step-ms");
        break;
      case eval::PlanNeed::kTeacherTime:
        need("--teacher-ms");
        break;
      case eval::PlanNeed::kKeyFrameBytes:
        frames = true;
        break;
    }
  }
  if (!missing.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "a plan needs " + missing +
                    "; give the times in milliseconds, or --measure with --teacher CARD to take "
                    "them on this machine");
  }
  if (frames) {
    throw Error(ErrorCode::kInvalidArgument,
                "what a frame weighs as JPEG depends on the frame; name a --source to take frames "
                "from, or --bytes-up");
  }
}

eval::StudentTimes TimeStudent(const eval::StudentTiming& timing) {
  app::DeviceBenchmarkOptions options;
  options.size = timing.size;
  options.student = timing.student;
  options.classes = timing.classes;
  options.partial_cut = timing.cut;
  options.all_steps = false;
  options.seconds = timing.seconds;
  options.interrupted = Interrupted;
  const app::DeviceBenchmark device = app::RunDeviceBenchmark(options);
  return {device.inference_ms, device.partial_step_ms,
          std::to_string(device.threads) + " threads, " + device.isa};
}

void MakeAndPrint(const PlanArguments& arguments) {
  InstallInterruptHandler();
  const eval::SystemDescription system = SystemOf(arguments);
  NameWhatIsMissing(system);
  std::vector<InputPath> inputs = {{"the source", arguments.source},
                                   {"the student", arguments.student}};
  AddCard(inputs, arguments.teacher);
  RefuseOverlaps(inputs, {JsonPath(arguments.json)});
  JsonOutput json(arguments.json);
  const eval::PlanTools tools{
      .time_student = TimeStudent, .stop = Interrupted, .log = [](const std::string& line) {
        std::fprintf(stderr, "%s\n", line.c_str());
      }};
  const eval::Plan plan = eval::MakePlan(eval::CollectInputs(system, tools));
  if (!json.to_stdout()) std::fputs(eval::PlanText(plan).c_str(), stdout);
  json.Write(eval::PlanJson(plan));
}

void AddMeasuringOptions(CLI::App& command, PlanArguments& a) {
  command.add_flag("--measure", a.measure, "Measure on this machine the times that are not given")
      ->group("Measuring");
  command
      .add_option("--teacher", a.teacher,
                  "Model card (YAML) of the teacher to measure, or FILE.py:FUNCTION")
      ->type_name(kFileValue)
      ->group("Measuring");
  command.add_option("--student", a.student, "Student (.safetensors): its classes and channels")
      ->type_name(kFileValue)
      ->group("Measuring");
  command
      .add_option("--source", a.source, "Video or image folder to take frames and their size from")
      ->type_name(kPathValue)
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
  command
      .add_option("--frame-codec", a.frame_codec,
                  "How key frames travel; all but raw need --source")
      ->check(CLI::IsMember(wire::FrameCodecNames()))
      ->capture_default_str()
      ->group("Bytes");
  command.add_option("--jpeg-quality", a.quality.jpeg, "1 to 100")
      ->check(CLI::Range(1, 100))
      ->capture_default_str()
      ->group("Bytes");
  command
      .add_option("--key-frame-bytes", a.quality.pictures.bytes,
                  "What a key frame as video shall have, about")
      ->check(CLI::Range(100, 100'000'000))
      ->capture_default_str()
      ->group("Bytes");
  command.add_option("--update-codec", a.update_codec, "How updates travel")
      ->check(CLI::IsMember(wire::UpdateCodecNames()))
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

eval::SystemDescription SystemOf(const PlanArguments& arguments) {
  eval::SystemDescription system;
  system.student_ms = arguments.student_ms;
  system.step_ms = arguments.step_ms;
  system.teacher_ms = arguments.teacher_ms;
  system.measure = arguments.measure;
  system.seconds = arguments.seconds;
  system.teacher = arguments.teacher;
  system.student = arguments.student;
  system.source = arguments.source;
  if (!arguments.bytes_up.empty()) {
    system.bytes_up = ParseBytes("--bytes-up", arguments.bytes_up);
  }
  if (!arguments.bytes_down.empty()) {
    system.bytes_down = ParseBytes("--bytes-down", arguments.bytes_down);
  }
  if (!arguments.size.empty()) system.size = ParseFrameSize("--size", arguments.size);
  system.frame_codec = wire::ParseFrameCodec(arguments.frame_codec);
  system.quality = arguments.quality;
  system.update_codec = wire::ParseUpdateCodec(arguments.update_codec);
  system.cut = nn::ParseStage(arguments.cut);
  system.classes = arguments.classes;
  system.always_send = arguments.always_send;
  system.bandwidths = ParseNumbers("--bandwidth", arguments.bandwidth);
  for (double& bandwidth : system.bandwidths) bandwidth *= eval::kMegabit;
  system.min_strides = ParseWholeNumbers("--min-stride", arguments.min_stride);
  system.max_strides = ParseWholeNumbers("--max-stride", arguments.max_stride);
  system.latency_ms = arguments.latency_ms;
  system.max_updates = arguments.max_updates;
  system.clients = arguments.clients;
  system.frames = arguments.frames;
  return system;
}

void AddPlanOptions(CLI::App& command, PlanArguments& a) {
  command.add_option("--student-ms", a.student_ms, "One prediction on the device");
  command.add_option("--step-ms", a.step_ms, "One distillation step on the server");
  command.add_option("--teacher-ms", a.teacher_ms, "The teacher on one key frame");
  command
      .add_option("--bandwidth", a.bandwidth, "Mbit/s of either direction; also a list: 80,40,8")
      ->capture_default_str();
  command.add_option("--latency-ms", a.latency_ms, "What a key frame and its update take besides")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command
      .add_option("--min-stride", a.min_stride,
                  "Least frames between key frames; also 4,8 or 4-16 (doubling) or 4-16:4")
      ->capture_default_str();
  command.add_option("--max-stride", a.max_stride, "Most frames between key frames; likewise")
      ->capture_default_str();
  command.add_option("--max-updates", a.max_updates, "Distillation steps per key frame, at most")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  command.add_option("--clients", a.clients, "Clients of one server")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  command.add_option("--frames", a.frames, "Also the bounds of a run of so many frames");
  AddByteOptions(command, a);
  AddMeasuringOptions(command, a);
  command.add_option("--json", a.json, "Write the plan as JSON to this file (-: stdout)")
      ->type_name(kFileValue);
}

void AddPlanCommand(CLI::App& app, int& exit_code) {
  const auto arguments = std::make_shared<PlanArguments>();
  CLI::App* command = app.add_subcommand(
      "plan", "Bounds of traffic and throughput for a device, a server and a link");
  AddPlanOptions(*command, *arguments);
  command->footer("A device's own times: `shadowtutor bench` on it. docs/plan.md has an example.");
  command->callback([arguments, &exit_code] {
    MakeAndPrint(*arguments);
    exit_code = 0;
  });
}

}  // namespace shadowtutor::cli
