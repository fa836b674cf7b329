// `shadowtutor eval`: a strategy over a video on a virtual clock.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "core/atomic_file.h"
#include "eval/evaluation.h"
#include "eval/report.h"

namespace shadowtutor::cli {
namespace {

struct Arguments {
  eval::EvalRequest request;
  std::string student, cut, json;
  std::string frame_codec = "raw", update_codec = "fp32";
};

std::string StrategyHelp() {
  std::string text = "One of:";
  for (const auto* entry : eval::Strategies()) {
    text += "\n  " + std::string(entry->name) + ": " + std::string(entry->description);
  }
  return text;
}

// One line that is written over and over on a terminal, and a line now and then in a log.
class Progress {
 public:
  ~Progress() {
    if (terminal_) std::fputs("\r\033[K", stderr);
  }
  bool operator()(const eval::EvalProgress& progress) const {
    constexpr uint64_t kFramesPerLogLine = 100;
    if (terminal_) {
      std::fprintf(stderr, "\r\033[K%s", eval::ProgressLine(progress).c_str());
    } else if (progress.frames % kFramesPerLogLine == 0) {
      std::fprintf(stderr, "%s\n", eval::ProgressLine(progress).c_str());
    }
    return !Interrupted();
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
};

eval::EvalReport EvaluateWithProgress(const eval::EvalRequest& request) {
  InstallInterruptHandler();
  const Progress progress;
  return eval::Evaluate(request, std::ref(progress));
}

int RunEval(Arguments& arguments) {
  auto& request = arguments.request;
  if (!arguments.student.empty()) request.student = arguments.student;
  auto& parameters = request.options.parameters;
  if (!arguments.cut.empty()) parameters.cut = nn::ParseStage(arguments.cut);
  parameters.frame_codec =
      arguments.frame_codec == "jpeg" ? wire::FrameCodec::kJpeg : wire::FrameCodec::kRaw;
  parameters.update_codec =
      arguments.update_codec == "fp16" ? wire::UpdateCodec::kFp16 : wire::UpdateCodec::kFp32;
  eval::EvalReport report;
  try {
    report = EvaluateWithProgress(request);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) throw;
    std::fprintf(stderr, "shadowtutor: %s\n", error.what());
    return kInterruptedExitCode;
  }
  const bool json_to_stdout = arguments.json == "-";
  std::fputs(eval::ReportTable(report).c_str(), json_to_stdout ? stderr : stdout);
  if (json_to_stdout) {
    std::fputs(eval::ReportJson(report).c_str(), stdout);
  } else if (!arguments.json.empty()) {
    WriteFileAtomically(arguments.json, eval::ReportJson(report));
  }
  return 0;
}

}  // namespace

void AddEvalCommand(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  auto& request = arguments->request;
  auto& options = request.options;
  auto& parameters = options.parameters;
  CLI::App* command = app.add_subcommand(
      "eval", "Measure a strategy on a video, on a virtual clock: the same figures every time");

  command->add_option("source", request.source, "Video file, image folder or camera index")
      ->required();
  command->add_option("--teacher", request.teacher_card, "Model card (YAML) of the teacher")
      ->required();
  command->add_option("--student", arguments->student,
                      "Student (.safetensors); without it a fresh one of the card's classes");
  command->add_option("--seed", request.seed, "Seed of a fresh student")->capture_default_str();
  command->add_option("--strategy", options.strategy, StrategyHelp())->capture_default_str();
  command
      ->add_option("--delay", parameters.delay,
                   "Frames from a key frame to the first that uses its update (1 to --min-stride)")
      ->capture_default_str();
  command->add_option("--frames", options.frames, "Evaluate at most so many frames; 0: all")
      ->capture_default_str();
  command
      ->add_option("--threshold", parameters.stride.threshold, "mIoU that ends training (0 to 1)")
      ->capture_default_str();
  command->add_option("--max-updates", parameters.max_updates, "Distillation steps per key frame")
      ->capture_default_str();
  command
      ->add_option("--min-stride", parameters.stride.min_stride, "Least frames between key frames")
      ->capture_default_str();
  command
      ->add_option("--max-stride", parameters.stride.max_stride, "Most frames between key frames")
      ->capture_default_str();
  command->add_option("--learning-rate", parameters.learning_rate, "Adam's learning rate")
      ->capture_default_str();
  command->add_option("--cut", arguments->cut,
                      "First stage that partial distillation trains (default dec2)");
  command->add_option("--frame-codec", arguments->frame_codec, "How key frames travel")
      ->check(CLI::IsMember({"jpeg", "raw"}))
      ->capture_default_str();
  command->add_option("--jpeg-quality", parameters.jpeg_quality, "1 to 100")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_option("--update-codec", arguments->update_codec, "How updates travel")
      ->check(CLI::IsMember({"fp32", "fp16"}))
      ->capture_default_str();
  command->add_option("--json", arguments->json, "Write the figures there; - for standard output");
  command->add_flag("--per-frame", options.per_frame, "Every frame's mIoU in the JSON, too");
  command->callback([arguments, &exit_code] { exit_code = RunEval(*arguments); });
}

}  // namespace shadowtutor::cli
