// `shadowtutor pretrain`: trains a student on labelled images before its first video.
#include "cli/pretrain.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/outputs.h"
#include "cli/progress.h"
#include "cli/quantities.h"
#include "cli/value_types.h"
#include "core/text.h"
#include "nn/network.h"
#include "pretrain/open_ranks.h"
#include "pretrain/pretrainer.h"
#include "pretrain/run_state.h"
#include "teacher/teacher.h"

namespace shadowtutor::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::string TimeText(double seconds) {
  const long long whole = std::llround(std::max(0.0, seconds));
  if (whole >= 3600) return Format("%lld h %02lld min", whole / 3600, whole / 60 % 60);
  return Format("%lld:%02lld min", whole / 60, whole % 60);
}

std::string StepText(const pretrain::PretrainProgress& progress) {
  return Format("step %lld/%lld, loss %.4f, rate %.2e, %.0f images/s, %s left",
                static_cast<long long>(progress.step), static_cast<long long>(progress.steps),
                progress.loss, progress.learning_rate, progress.images_per_second,
                TimeText(progress.seconds_left).c_str());
}

std::string ValidationText(const pretrain::PretrainValidation& validation) {
  std::string text =
      Format("step %lld: loss %.4f", static_cast<long long>(validation.step), validation.loss);
  if (validation.metric < 0) return text;
  return text + Format(", validation mIoU %.2f %%%s", 100 * validation.metric,
                       validation.best ? " (the best so far, kept)" : "");
}

// `progress` must outlive them.
pretrain::PretrainEvents EventsOn(Progress& progress) {
  pretrain::PretrainEvents events;
  events.stop = Interrupted;
  events.report = [&](const std::string& line) { progress.Print(line); };
  events.on_labelled = [&](int64_t done, int64_t total) {
    if (done != total && !progress.IsDue({}, done, /*in_log=*/25)) return;
    progress.Show("the teacher labels: " + std::to_string(done) + "/" + std::to_string(total));
  };
  events.on_step = [&](const auto& step) {
    if (progress.IsDue(milliseconds(200), milliseconds(15'000))) progress.Show(StepText(step));
  };
  events.on_validation = [&](const auto& now) { progress.Print(ValidationText(now)); };
  return events;
}

// Refuses to write over what is read, and over a file that has the state's name and is of somebody
// else.
void CheckOutputs(const PretrainArguments& arguments, const pretrain::PretrainOptions& options) {
  const pretrain::DataSpec& data = options.data;
  std::vector<InputPath> inputs = {{"the student", options.student},
                                   {"the description of the data", arguments.data}};
  AddCard(inputs, data.teacher.string());
  for (const pretrain::ImageSet& set : data.images) {
    inputs.push_back({"the images", set.folder});
    inputs.push_back({"the labels", set.labels});
    AddCard(inputs, set.teacher.string());
  }
  for (const pretrain::VideoSet& set : data.videos) {
    inputs.push_back({"the video", set.file});
    AddCard(inputs, set.teacher.string());
  }
  for (const pretrain::CutoutSet& set : data.cutouts) inputs.push_back({"cut-outs", set.folder});
  const fs::path state = options.out.string() + ".state";
  RefuseOverlaps(inputs, {{options.out}, {state}, {options.cache, /*folder=*/true}});
  if (!fs::exists(state)) return;
  const pretrain::RunState stopped = pretrain::LoadRunState(state);
  const auto steps = stopped.configuration.find("number of steps");
  const bool complete =
      steps != stopped.configuration.end() && steps->second == std::to_string(stopped.steps);
  if (complete || options.resume) return;
  throw Error(ErrorCode::kFailedPrecondition,
              state.string() + " is of a run that was stopped after " +
                  std::to_string(stopped.steps) +
                  " steps, which would be lost; go on from there with --resume, or remove it");
}

// That of a rank whose failure another one tells; main has those of all others.
int FailureExitCode(const Error& error) {
  return error.code() == ErrorCode::kInvalidArgument ? 2 : 1;
}

// The run itself; `ranks` are the processes that share it.
int RunOn(pretrain::Ranks& ranks, const PretrainArguments& arguments,
          const pretrain::PretrainOptions& options) {
  if (!ranks.first()) {
    pretrain::PretrainEvents events;
    events.stop = Interrupted;
    events.report = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
    return pretrain::Pretrain(options, events, ranks).stopped ? kInterruptedExitCode : 0;
  }
  CheckOutputs(arguments, options);
  const auto lock = ClaimFile(options.out.string(), FileKind::kStudent);
  Progress progress;
  const auto start = Clock::now();
  const pretrain::PretrainResult result = pretrain::Pretrain(options, EventsOn(progress), ranks);
  progress.Clear();
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%s: %zu parameters, %zu classes, %ju bytes\n", options.out.c_str(),
              result.student.layout->size(), result.student.classes.size(),
              fs::file_size(options.out));
  std::printf("%lld steps of %d images in %s, from %zu images and %zu cut-outs\n",
              static_cast<long long>(result.steps), options.batch, TimeText(seconds).c_str(),
              result.training_images, result.cutouts);
  if (ranks.size() > 1) std::printf("shared by %d processes\n", ranks.size());
  if (result.best_metric >= 0) {
    std::printf("validation mIoU %.2f %% on %zu images, after step %lld\n",
                100 * result.best_metric, result.validation_images,
                static_cast<long long>(result.best_step));
  }
  if (!result.stopped) return 0;
  std::printf("stopped before the end; the same command with --resume goes on from here\n");
  return kInterruptedExitCode;
}

// Ends the other ranks, too. Rank 0 tells the user; another one only where rank 0 does not answer.
int EndRanks(pretrain::Ranks& ranks, const Error& error) {
  if (ranks.Fail(error)) return FailureExitCode(error);
  if (ranks.first()) throw error;
  throw Error(error.code(), ranks.Name() + ": " + error.what(), error.about());
}

int Run(const PretrainArguments& arguments) {
  InstallInterruptHandler();
  // Ended when the process exits, because by then main has said what was wrong.
  static const std::unique_ptr<pretrain::Ranks> ranks = pretrain::OpenRanks();
  try {
    return RunOn(*ranks, arguments, PretrainingOf(arguments));
  } catch (const Error& error) {
    return EndRanks(*ranks, error);
  } catch (const std::exception& error) {
    if (ranks->size() == 1) throw;
    return EndRanks(*ranks, Error(ErrorCode::kInternal, error.what()));
  }
}

pretrain::DataSpec DataOf(const PretrainArguments& arguments) {
  pretrain::DataSpec data;
  if (!arguments.data.empty()) data = pretrain::LoadDataSpec(arguments.data);
  if (!arguments.labels.empty() && arguments.images.size() != 1) {
    throw Error(ErrorCode::kInvalidArgument,
                "--labels belongs to one --images; more of them go into a data file (--data)");
  }
  for (const std::string& folder : arguments.images) {
    data.images.push_back({.folder = folder, .labels = arguments.labels, .teacher = {}});
  }
  for (const std::string& file : arguments.videos) {
    data.videos.push_back({.file = file, .teacher = {}});
  }
  for (const std::string& folder : arguments.cutouts) data.cutouts.push_back({folder, {}});
  if (!arguments.classes.empty()) data.classes = arguments.classes;
  if (!arguments.background.empty()) data.background = arguments.background;
  if (!arguments.teacher.empty()) data.teacher = arguments.teacher;
  if (!arguments.validation.empty()) {
    char* end = nullptr;
    const double share = std::strtod(arguments.validation.c_str(), &end);
    if (*end == 0) {
      if (!(share >= 0 && share <= 0.9)) {
        throw Error(ErrorCode::kInvalidArgument,
                    "--validation is a share of the images from 0 to 0.9, or a folder");
      }
      data.validation_share = share;
    } else {
      pretrain::ImageSet set{.folder = arguments.validation, .labels = {}, .teacher = {}};
      // Labels of validation images lie among the others, or in a folder of their own beside them.
      if (!arguments.labels.empty()) set.labels = arguments.labels;
      set.validation = true;
      data.images.push_back(std::move(set));
    }
  }
  if (data.images.empty() && data.videos.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "there is nothing to learn from; give --images, --video or --data");
  }
  return data;
}

}  // namespace

pretrain::PretrainOptions PretrainingOf(const PretrainArguments& arguments) {
  pretrain::PretrainOptions options = arguments.options;
  options.data = DataOf(arguments);
  if (!arguments.crops.empty()) options.crops.clear();
  for (const std::string& crop : arguments.crops)
    options.crops.push_back(ParseFrameSize("--crop", crop));
  options.weight_type = arguments.fp16 ? nn::WeightType::kF16 : nn::WeightType::kF32;
  options.memory_bytes = static_cast<size_t>(arguments.memory_mebibytes) << 20;
  return options;
}

void AddPretrainOptions(CLI::App& command, PretrainArguments& arguments) {
  pretrain::PretrainOptions& options = arguments.options;
  options.loader_threads =
      static_cast<int>(std::min(16u, std::max(1u, std::thread::hardware_concurrency())));
  command
      .add_option("--data", arguments.data,
                  "Data file (YAML): several sets of images, videos and cut-outs "
                  "(docs/students.md)")
      ->type_name(kFileValue);
  command.add_option("--images", arguments.images, "Folder of images, with its subfolders")
      ->type_name(kFolderValue);
  command
      .add_option("--labels", arguments.labels,
                  "Folder of their labels: PNGs of the same names, a class index per pixel, "
                  "255 where it is not known")
      ->type_name(kFolderValue);
  command
      .add_option("--video", arguments.videos,
                  "Video file that the teacher labels, every 10th frame")
      ->type_name(kFileValue);
  command
      .add_option("--cutouts", arguments.cutouts,
                  "Folder of PNGs with transparency, pasted into the images; their class is "
                  "that of two classes that is not background, or a subfolder's name")
      ->type_name(kFolderValue);
  command
      .add_option("--teacher", arguments.teacher,
                  "Model card, or FILE.py:FUNCTION, of the teacher that labels what comes without "
                  "labels")
      ->type_name(kFileValue);
  command
      .add_option("--cache", options.cache,
                  "Folder that keeps the teacher's labels and the videos' frames "
                  "[default: OUT.cache]")
      ->type_name(kFolderValue);
  command
      .add_option("--classes", arguments.classes,
                  "Class names in the order of their indices, separated by commas [default: the "
                  "teacher's]")
      ->delimiter(',');
  command.add_option("--background", arguments.background,
                     "The class that stands for everything else; 'none' when there is no such "
                     "class [default: the class called 'background']");
  auto* student = command
                      .add_option("--student", options.student,
                                  "Student to start from; its head is drawn anew when its "
                                  "classes are others [default: fresh weights]")
                      ->type_name(kFileValue);
  command
      .add_option("--student-width", options.student_width,
                  "Channels of a fresh student, as a multiple of the published network's: 0.5, "
                  "1 or 2, or any from 0.25 to 2")
      ->capture_default_str()
      ->excludes(student);
  command
      .add_option("--student-depth", options.student_depth,
                  "Residual blocks in each of a fresh student's six stages; the published "
                  "network's have 1")
      ->check(CLI::Range(1, nn::kMaxDepth))
      ->capture_default_str()
      ->excludes(student);
  command
      .add_option("--out", options.out, "The .safetensors file to write; its state is OUT.state")
      ->type_name(kFileValue)
      ->required();
  command.add_flag("--fp16", arguments.fp16, "Half precision: half the bytes, weights rounded");
  command.add_option("--steps", options.steps, "Steps to take")->capture_default_str();
  command.add_option("--batch", options.batch, "Images per step")->capture_default_str();
  command
      .add_option("--crop", arguments.crops,
                  "Size of the samples; several, separated by commas, take turns at random "
                  "[default: 320x240]")
      ->delimiter(',');
  command
      .add_option("--learning-rate", options.learning_rate,
                  "Adam's at its highest: it rises over the first 3 % of the steps and then falls "
                  "as a cosine")
      ->capture_default_str();
  command
      .add_option("--jaccard-weight", options.jaccard_weight,
                  "Weight of the soft Jaccard loss (1 - IoU of the probabilities) beside the cross "
                  "entropy")
      ->capture_default_str();
  command.add_option("--seed", options.seed, "Of the weights and the samples")
      ->capture_default_str();
  command.add_option("--validation", arguments.validation,
                     "Share of the images that is kept for validation, or a folder of images for "
                     "it [default: 0.1]");
  command
      .add_option("--checkpoint-every", options.checkpoint_every,
                  "Steps between validations; each writes the best student and a state to go on "
                  "from")
      ->capture_default_str();
  command.add_flag("--last", options.keep_last,
                   "Write the last weights instead of those with the best validation");
  command.add_flag("--resume", options.resume,
                   "Go on from OUT.state: the result is that of a run without a break");
  command.add_option("--memory", arguments.memory_mebibytes, "MiB of decoded pictures at most")
      ->check(CLI::Range(16, 1 << 20))
      ->capture_default_str();
}

void AddPretrainCommand(CLI::App& app, int& exit_code) {
  const auto arguments = std::make_shared<PretrainArguments>();
  CLI::App* command = app.add_subcommand(
      "pretrain", "Train a student on labelled images before it meets its first video");
  AddPretrainOptions(*command, *arguments);
  command->callback([arguments, &exit_code] { exit_code = Run(*arguments); });
}

}  // namespace shadowtutor::cli
