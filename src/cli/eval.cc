// `shadowtutor eval`: strategies over videos on a virtual clock.
#include "cli/eval.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/hints.h"
#include "cli/interrupt.h"
#include "cli/outputs.h"
#include "cli/print_study.h"
#include "cli/progress.h"
#include "cli/value_types.h"
#include "core/address_text.h"
#include "eval/page/report_page.h"
#include "eval/sim/evaluation_text.h"
#include "eval/study/foreign_results.h"
#include "eval/study/lvs.h"
#include "eval/study/machine.h"
#include "eval/study/shard.h"
#include "eval/study/study.h"
#include "eval/study/study_table.h"
#include "shadowtutor/version.h"
#include "wire/codec_names.h"

namespace shadowtutor::cli {
namespace {

std::string StrategyHelp() {
  std::string text = "One or more, with commas between them (naive: raw, jpeg and h264):";
  for (const auto* entry : eval::Strategies()) {
    text += "\n  " + std::string(entry->name) + ": " + std::string(entry->description);
    if (entry->name == "naive-jpeg") text += " (--jpeg-quality)";
    if (entry->name == "naive-h264") text += " (--h264-crf)";
    if (entry->name == "shadow") text += " (--policy, and the options of its parts)";
    if (entry->name == "partial") text += " (--cut)";
    if (entry->name == "tracking") text += " (--tracking-stride)";
  }
  return text;
}

// `text` makes the line, which most frames do not need.
template <typename Text>
void ShowNowAndThen(Progress& progress, uint64_t frames, Text&& text) {
  constexpr int64_t kFramesPerLogLine = 100;
  constexpr std::chrono::milliseconds kBetweenLines{100};
  if (progress.IsDue(kBetweenLines, static_cast<int64_t>(frames), kFramesPerLogLine)) {
    progress.Show(text());
  }
}

// Runs one strategy on one video, without a results folder.
int RunOne(const EvalArguments& arguments, const eval::StrategyChoice& choice) {
  eval::EvalRequest request = EvaluationOf(arguments, choice);
  JsonOutput json(arguments.json);
  Progress progress;
  request.log = [&progress](const std::string& line) { progress.Print(line); };
  const auto report = eval::Evaluate(request, [&](const eval::EvalProgress& now) {
    ShowNowAndThen(progress, now.frames, [&] { return eval::ProgressLine(now); });
    return !Interrupted();
  });
  progress.Clear();
  std::fputs(eval::ReportTable(report).c_str(), json.to_stdout() ? stderr : stdout);
  if (json.wanted()) json.Write(eval::ReportJson(report));
  return 0;
}

std::optional<eval::Shard> ShardOf(const EvalArguments& arguments) {
  if (arguments.shard.empty()) return std::nullopt;
  return eval::ParseShard(arguments.shard);
}

int RunStudy(const EvalArguments& arguments, std::vector<eval::StrategyChoice> strategies) {
  eval::StudyRequest request = StudyOf(arguments, std::move(strategies));
  const auto shard = ShardOf(arguments);
  const std::filesystem::path folder =
      shard ? eval::FolderOf(*shard, request.folder) : request.folder;
  eval::RefuseForeignResults(folder);
  eval::RefuseForeignPage(folder);
  const FolderLock lock(folder);
  Progress progress;
  request.on_progress = [&](const eval::StudyProgress& now) {
    ShowNowAndThen(progress, now.frames, [&] { return eval::StudyProgressLine(now); });
  };
  request.stop = Interrupted;
  request.log = [&progress](const std::string& line) { progress.Print(line); };
  request.on_fail = [&](const eval::FailedClip& failed) {
    progress.Print("shadowtutor: the clip " + failed.clip +
                   " is left out: " + WithOptions("eval", failed.why, failed.about));
  };
  const eval::StudyResults results =
      shard ? eval::RunShard(request, *shard) : eval::RunStudy(request);
  progress.Clear();
  if (shard) {
    std::printf("shard %s: %zu runs in %s; when all shards are done: shadowtutor report %s\n",
                shard->text().c_str(), results.runs.size(), folder.c_str(), arguments.out.c_str());
  } else if (!results.clips.empty()) {
    PrintStudy(results, folder);
  }
  return results.failures.empty() ? 0 : 1;
}

std::vector<eval::ClipSpec> Clips(const EvalArguments& arguments) {
  if (!arguments.set.empty()) return eval::LoadClipSet(arguments.set);
  if (!arguments.lvs.empty()) return eval::ListLvs(arguments.lvs);
  eval::ClipSpec clip;
  std::filesystem::path path(WithoutCredentials(arguments.source));
  if (!path.has_filename()) path = path.parent_path();  // "folder/"
  clip.name = path.stem().string();
  clip.source = arguments.source;
  clip.card = arguments.card;
  return {clip};
}

void RefuseOverlapsOf(const EvalArguments& arguments) {
  std::vector<InputPath> inputs = {{"the set", arguments.set},
                                   {"the dataset", arguments.lvs},
                                   {"the student", arguments.student}};
  for (const eval::ClipSpec& clip : Clips(arguments)) {
    inputs.push_back({"the source", clip.source});
    if (clip.student) inputs.push_back({"the student", *clip.student});
    AddCard(inputs, clip.card.string());
  }
  RefuseOverlaps(inputs, {JsonPath(arguments.json), {arguments.out, /*folder=*/true}});
}

int RunEval(const EvalArguments& arguments) {
  InstallInterruptHandler();
  if (WantsLive(*arguments.live)) {
    RefuseOverlapsOf(arguments);
    return RunLive(*arguments.live, LiveSweepOf(arguments));
  }
  const auto strategies = StrategiesOf(arguments);
  RefuseOverlapsOf(arguments);
  return arguments.out.empty() ? RunOne(arguments, strategies.front())
                               : RunStudy(arguments, strategies);
}

std::vector<int> DelaysOf(const EvalArguments& arguments) {
  std::vector<int> delays;
  for (const std::string& text : arguments.delays) delays.push_back(eval::ParseDelay(text));
  return delays;
}

// A sentence if the text is no delay, which CLI11 adds the option's name to.
std::string CheckDelay(const std::string& text) {
  try {
    eval::ParseDelay(text);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

// The delay, and the times that stand for it in real time.
void AddDelay(CLI::App& command, EvalArguments& arguments) {
  constexpr double kMostMs = 3'600'000;
  command
      .add_option("--delay", arguments.delays,
                  "Frames from a key frame to the first that uses its update (1 to --min-stride), "
                  "or auto: the frames that network, teacher and training take in real time; more "
                  "than one with commas between them. The naive strategies show each frame's label "
                  "so many frames later; with 1 they wait for it")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Validator(CheckDelay, ""))
      ->capture_default_str();
  eval::Timing& timing = arguments.options.parameters.timing;
  command
      .add_option("--network-ms", timing.network_ms,
                  "With --delay auto: ms from the device to the server and back, together")
      ->check(CLI::Range(0.0, kMostMs))
      ->capture_default_str();
  const auto add = [&](const char* name, std::optional<double>& ms, const char* help) {
    command
        .add_option_function<double>(
            name, [&ms](double value) { ms = value; }, help)
        ->check(CLI::Range(0.0, kMostMs));
  };
  add("--teacher-ms", timing.teacher_ms,
      "With --delay auto: ms that the teacher takes for a frame; without it what it takes here");
  add("--step-ms", timing.step_ms,
      "With --delay auto: ms of a distillation step; without it what training takes here");
}

void AddParameters(CLI::App& command, EvalArguments& arguments) {
  auto& parameters = arguments.options.parameters;
  AddPolicyOptions(command, arguments.policy);
  command
      .add_option("--frame-codec", arguments.frame_codec,
                  "How key frames travel (default: raw; with shadow, h264)")
      ->check(CLI::IsMember(wire::FrameCodecNames()));
  command
      .add_option(
          "--h264-crf", parameters.quality.crf,
          "The same rate factor of H.264, 0 (lossless) to 51, for all key frames instead; of "
          "naive-h264 and so on, for all frames (default there: 23). VP9 and AV1 take what gives "
          "about the "
          "same PSNR")
      ->check(CLI::Range(0, 51));
  command.add_option("--jpeg-quality", parameters.quality.jpeg, "1 to 100")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command
      .add_option("--update-codec", arguments.update_codec,
                  "How updates travel (default: fp32; with shadow, coded)")
      ->check(CLI::IsMember(wire::UpdateCodecNames()));
  command
      .add_option("--label-codec", arguments.label_codec,
                  "How label maps travel (naive and tracking)")
      ->check(CLI::IsMember(wire::LabelCodecNames()))
      ->capture_default_str();
  command
      .add_option("--tracking-stride", parameters.tracking_stride,
                  "Frames from one that tracking has labelled to the next")
      ->capture_default_str();
  command
      .add_option(
          "--sent-width", parameters.sent_width,
          "Reduce wider frames to so many pixels across before they are sent, and have label "
          "maps back in that size (naive and tracking; 0: as they are)")
      ->check(CLI::Range(0, kMaxFrameSide))
      ->capture_default_str();
}

}  // namespace

eval::StrategyOptions ParametersOf(const EvalArguments& arguments) {
  eval::StrategyOptions parameters = arguments.options.parameters;
  const distill::PolicyChanges& changes = arguments.policy.changes;
  // What suits `shadow` need not suit the paper's policy. The strategies that have it refuse it.
  parameters.paper = distill::Changed(distill::FindPolicy("paper"), changes);
  parameters.policy = PolicyOf(arguments.policy);
  parameters.quality.pictures = parameters.policy.pictures;  // of strategies without a policy
  if (changes.contains("cut")) parameters.cut = parameters.paper.trainer.cut;
  if (!arguments.frame_codec.empty()) {
    parameters.frame_codec = wire::ParseFrameCodec(arguments.frame_codec);
  }
  if (!arguments.update_codec.empty()) {
    parameters.update_codec = wire::ParseUpdateCodec(arguments.update_codec);
  }
  parameters.label_codec = wire::ParseLabelCodec(arguments.label_codec);
  return parameters;
}

std::vector<eval::StrategyChoice> StrategiesOf(const EvalArguments& arguments) {
  auto strategies =
      eval::ChooseStrategies(arguments.strategies, DelaysOf(arguments), ParametersOf(arguments));
  if (!arguments.shard.empty() && arguments.out.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "shards need a folder for their results, the same for all: --out FOLDER");
  }
  const bool one = strategies.size() == 1 && arguments.set.empty() && arguments.lvs.empty();
  const int inputs = !arguments.source.empty() + !arguments.set.empty() + !arguments.lvs.empty();
  if (inputs != 1) {
    throw Error(ErrorCode::kInvalidArgument,
                "name what to evaluate on: a video with --teacher, or --set, or --lvs");
  }
  if (arguments.source.empty() != arguments.card.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "--teacher goes with a video; the clips of a set name their own");
  }
  if (arguments.out.empty() && !one) {
    throw Error(ErrorCode::kInvalidArgument,
                "more than one run needs a folder for its results: --out FOLDER");
  }
  if (!arguments.out.empty() && !arguments.json.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "--out writes results.json; leave --json away");
  }
  return strategies;
}

eval::EvalRequest EvaluationOf(const EvalArguments& arguments, const eval::StrategyChoice& choice) {
  eval::EvalRequest request;
  request.source = arguments.source;
  request.teacher_card = arguments.card;
  if (!arguments.student.empty()) request.student = arguments.student;
  request.seed = arguments.seed;
  if (arguments.fps > 0) request.fps = arguments.fps;
  request.options = arguments.options;
  request.options.parameters = ParametersOf(arguments);
  request.options.strategy = choice.strategy->name;
  request.options.parameters.delay = DelaysOf(arguments).front();
  return request;
}

eval::StudyRequest StudyOf(const EvalArguments& arguments,
                           std::vector<eval::StrategyChoice> strategies) {
  eval::StudyRequest request;
  request.clips = Clips(arguments);
  request.strategies = std::move(strategies);
  request.parameters = ParametersOf(arguments);
  request.frames = arguments.options.frames;
  if (arguments.fps > 0) request.fps = arguments.fps;
  if (!arguments.student.empty()) request.student = arguments.student;
  request.seed = arguments.seed;
  request.folder = arguments.out;
  request.fresh = arguments.fresh;
  request.version = Version();
  request.command = eval::CommandLine();
  return request;
}

eval::live::SweepRequest LiveSweepOf(const EvalArguments& arguments) {
  const eval::StrategyOptions parameters = ParametersOf(arguments);
  eval::live::SweepRequest request;
  if (!arguments.source.empty()) {
    const eval::ClipSpec clip = Clips(arguments).front();
    request.source = arguments.source;
    request.clip = clip.name;
    request.card = arguments.card;
  }
  if (!arguments.student.empty()) request.student = arguments.student;
  request.seed = arguments.seed;
  request.strategies = arguments.strategies;
  request.frames = arguments.options.frames;
  request.paper = parameters.paper;
  request.policy = parameters.policy;
  request.changes = arguments.policy.changes;
  request.frame_codec = arguments.frame_codec;
  request.update_codec = arguments.update_codec;
  request.label_codec = arguments.label_codec;
  request.jpeg_quality = parameters.quality.jpeg;
  request.h264_crf = parameters.quality.crf;
  if (!arguments.shard.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "--shard is of the virtual clock; leave it or --live away");
  }
  if (parameters.sent_width > 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "--sent-width is of the virtual clock; leave it or --live away");
  }
  request.folder = arguments.out;
  request.fresh = arguments.fresh;
  return request;
}

void AddEvalOptions(CLI::App& command, EvalArguments& arguments) {
  auto& options = arguments.options;
  command.add_option("source", arguments.source, "Video file or image folder")
      ->type_name(kPathValue);
  command
      .add_option("--teacher", arguments.card,
                  "Model card (YAML) of the teacher, or FILE.py:FUNCTION")
      ->type_name(kFileValue);
  command
      .add_option("--set", arguments.set,
                  "Data set (YAML): clips with their teachers (docs/evaluate.md)")
      ->type_name(kFileValue);
  command
      .add_option("--lvs", arguments.lvs,
                  "Folder of the LVS dataset, labelled by tools/lvs_labels.py")
      ->type_name(kFolderValue);
  command
      .add_option("--student", arguments.student,
                  "Student (.safetensors); without it a fresh one of the card's classes")
      ->type_name(kFileValue);
  command.add_option("--seed", arguments.seed, "Seed of a fresh student")->capture_default_str();
  command.add_option("--strategy", arguments.strategies, StrategyHelp())
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  AddDelay(command, arguments);
  command
      .add_option("--frames", options.frames, "Evaluate at most so many frames of a clip; 0: all")
      ->capture_default_str();
  command.add_option("--fps", arguments.fps, "Re-sample to so many frames per second")
      ->check(CLI::PositiveNumber);
  AddParameters(command, arguments);
  command
      .add_option("--out", arguments.out,
                  "Folder for all results; run again to go on where it stopped")
      ->type_name(kFolderValue);
  command
      .add_option(
          "--shard", arguments.shard,
          "With --out: one share of all runs alone, such as 2/4, the second of four, for "
          "several processes or machines; when all are done, `shadowtutor report` makes one "
          "evaluation of them (docs/evaluate.md)")
      ->type_name("I/N")
      ->check(CLI::Validator(
          [](const std::string& text) -> std::string {
            try {
              eval::ParseShard(text);
              return "";
            } catch (const Error& error) {
              return error.what();
            }
          },
          ""));
  command.add_flag("--fresh", arguments.fresh, "With --out: do finished runs again, too");
  command
      .add_option("--json", arguments.json,
                  "One run without --out: write its figures there; - for standard output")
      ->type_name(kFileValue);
  command.add_flag("--per-frame", options.per_frame, "With --json: every frame's mIoU, too");
  arguments.live = AddLiveOptions(command);
}

void AddEvalCommand(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<EvalArguments>();
  CLI::App* command = app.add_subcommand(
      "eval", "Measure strategies on videos, on a virtual clock: the same figures every time");
  AddEvalOptions(*command, *arguments);
  command->callback([arguments, &exit_code] { exit_code = RunEval(*arguments); });
}

}  // namespace shadowtutor::cli
