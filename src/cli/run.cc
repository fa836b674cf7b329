// `shadowtutor run`: segments a video with a student that a server teaches while it runs.
#include "cli/run.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/flags.h"
#include "app/reference_score.h"
#include "app/relay.h"
#include "app/run_summary.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/outputs.h"
#include "cli/process_limits.h"
#include "cli/progress.h"
#include "cli/value_types.h"
#include "core/text.h"
#include "nn/checkpoint_io.h"
#include "rpc/grpc_log.h"
#include "rpc/token.h"
#include "teacher/open_teacher.h"
#include "teacher/teacher.h"
#include "video/open_source.h"
#include "video/sinks.h"
#include "video/source.h"
#include "wire/codec_names.h"

namespace shadowtutor::cli {
namespace {

namespace flags = app::flags;

constexpr char kSourceTimeout[] = "--source-timeout";
constexpr std::chrono::milliseconds kProgressOnTerminal{200};
constexpr std::chrono::milliseconds kProgressInLog{5000};

std::string ProgressText(const app::RunProgress& progress) {
  const std::string total = progress.total >= 0 ? "/" + std::to_string(progress.total) : "";
  const std::string metric = progress.metric >= 0 ? Format("%.3f", progress.metric) : "-";
  return Format(
      "frame %llu%s, %.1f frames/s, stride %d, metric %s, up %.0f kbit/s, down %.0f kbit/s%s",
      static_cast<unsigned long long>(progress.frame), total.c_str(), progress.fps, progress.stride,
      metric.c_str(), progress.kbit_up, progress.kbit_down,
      progress.connected ? "" : ", no server");
}

// What the run writes, claimed before a server is asked; sinks take it over.
struct ClaimedOutputs {
  std::unique_ptr<PendingFile> overlay;  // null: not wanted, as the others
  std::unique_ptr<video::Sink> masks;
  std::unique_ptr<OutputStream> json_lines;
};

ClaimedOutputs ClaimOutputs(const RunArguments& options) {
  ClaimedOutputs outputs;
  if (!options.overlay.empty()) outputs.overlay = video::ClaimOverlayVideo(options.overlay);
  if (!options.masks.empty()) outputs.masks = video::MaskFolder(options.masks);
  if (!options.json_lines.empty()) {
    outputs.json_lines = std::make_unique<OutputStream>(options.json_lines);
  }
  return outputs;
}

std::vector<std::unique_ptr<video::Sink>> OpenSinks(const RunArguments& options,
                                                    ClaimedOutputs& outputs,
                                                    const video::Source& source,
                                                    const ClassList& classes, int background,
                                                    const video::LogLine& log) {
  std::vector<std::unique_ptr<video::Sink>> sinks;
  if (outputs.overlay) {
    sinks.push_back(video::OverlayVideo(std::move(outputs.overlay), source.size(),
                                        source.frames_per_second(), classes, background, log));
  }
  if (outputs.masks) sinks.push_back(std::move(outputs.masks));
  if (outputs.json_lines) {
    sinks.push_back(video::JsonLines(std::move(outputs.json_lines), classes));
  }
  if (options.show) sinks.push_back(video::Window("ShadowTutor", classes, background));
  return sinks;
}

// What both kinds of run have in common.
void SetBasics(const RunArguments& options, app::RunBasics& run) {
  run.max_frames = options.frames;
  run.max_fps = options.max_fps;
  run.stop = Interrupted;
}

app::RunSummary RunAndScore(RunArguments options, ClaimedOutputs& outputs) {
  if (!options.token_file.empty()) options.link.token = rpc::ReadToken(options.token_file);
  rpc::Check(options.link);  // before the source, which may take long to open
  Progress progress;
  const auto print = [&progress](const std::string& line) { progress.Print(line); };
  video::SourceOptions reading = SourceOptionsOf(options);
  reading.stop = Interrupted;
  reading.log = print;
  const auto source = video::OpenSource(options.source, reading);
  const bool scored = !options.reference_teacher.empty();
  if (scored && source->live()) {
    throw Error(ErrorCode::kInvalidArgument,
                "--reference-teacher reads the source a second time, which a camera or a stream "
                "cannot give; leave it out or run on a file");
  }

  if (options.max_fps > 0 && source->live()) {
    throw Error(ErrorCode::kInvalidArgument,
                "--max-fps slows a file down; a camera or a stream has a pace of its own");
  }
  std::optional<app::Relay> relay;
  if (options.bandwidth_mbit > 0) {
    relay.emplace(app::RelayOptions{options.link.address, options.bandwidth_mbit * 1e6 / 8});
    options.link.via = relay->address();
  }
  // A teacher that does not fit is found out before the run, not after it.
  std::unique_ptr<teacher::Teacher> teacher;
  ClassList classes;
  const auto open_sinks = [&](const ClassList& of_student, int background) {
    classes = of_student;
    if (scored) teacher = teacher::OpenTeacher(options.reference_teacher, classes, background);
    return OpenSinks(options, outputs, *source, classes, background, print);
  };
  app::ReferenceScore reference(options.reference_every);
  const auto complete = [&](app::RunBasics& run) {
    run.on_progress = [&](const app::RunProgress& now) { progress.Show(ProgressText(now)); };
    run.progress_interval = progress.on_terminal() ? kProgressOnTerminal : kProgressInLog;
    run.open_sinks = open_sinks;
    if (scored) run.reference = &reference;
  };

  app::RunSummary summary;
  if (options.segment.empty()) {
    app::RunOptions run = TutoredRunOf(options);
    complete(run);
    run.link.log = print;
    summary = app::RunClient(*source, run);
  } else {
    app::SegmentRunOptions run = SegmentRunOf(options);
    complete(run);
    run.log = print;
    summary = app::RunSegment(*source, run);
  }
  progress.Clear();
  if (source->live()) summary.stopped = false;  // to stop a camera is to end it
  if (teacher) {
    const auto result = reference.Score(
        *video::OpenSource(options.source), *teacher, static_cast<int>(classes.size()),
        // After Ctrl-C the frames so far are scored; a second one ends the process.
        {}, [&](uint64_t compared, uint64_t kept) {
          // On a terminal and in a log: it may take longer than the run.
          if (!progress.IsDue(kProgressOnTerminal, kProgressInLog)) return;
          progress.Show("compared with the teacher: " + std::to_string(compared) + " of " +
                        std::to_string(kept) + " frames");
        });
    progress.Clear();
    summary.mean_miou = result.mean_miou;
    summary.reference_frames = result.frames;
  }
  return summary;
}

void RefuseOverlapsOf(const RunArguments& options) {
  std::vector<InputPath> inputs = {{"the source", options.source},
                                   {"the student", options.student},
                                   {"the certificate", options.link.tls.certificate},
                                   {"the certificate's key", options.link.tls.key},
                                   {"the authority", options.link.tls.authority},
                                   {"the token", options.token_file}};
  AddCard(inputs, options.reference_teacher);
  RefuseOverlaps(inputs, {{options.overlay},
                          {options.masks, /*folder=*/true},
                          {options.json_lines},
                          JsonPath(options.json)});
}

int Run(const RunArguments& options) {
  InstallInterruptHandler();
  rpc::SilenceGrpcLog();
  RefuseOverlapsOf(options);
  JsonOutput json(options.json);
  ClaimedOutputs outputs = ClaimOutputs(options);
  RequireRoomForNetwork();
  const app::RunSummary summary = RunAndScore(options, outputs);
  std::fputs(app::ToText(summary).c_str(), json.to_stdout() ? stderr : stdout);
  json.Write(app::ToJson(summary));
  return summary.stopped ? kInterruptedExitCode : 0;
}

}  // namespace

video::SourceOptions SourceOptionsOf(const RunArguments& options) {
  if (std::isnan(options.source_timeout)) {  // CLI::Range lets it pass
    throw Error(ErrorCode::kInvalidArgument,
                std::string(kSourceTimeout) + " takes a number of seconds, 0.1 to 3600");
  }
  video::SourceOptions reading;
  reading.timeout = std::chrono::milliseconds(std::llround(options.source_timeout * 1000));
  reading.retries = options.source_retries;
  reading.every_frame = options.every_frame;
  return reading;
}

app::RunOptions TutoredRunOf(const RunArguments& options) {
  app::RunOptions run;
  SetBasics(options, run);
  run.link = options.link;
  run.link.frame_codec = wire::ParseFrameCodec(options.frame_codec);
  if (options.h264_crf) run.link.quality.crf = *options.h264_crf;
  run.link.update_codec = wire::ParseUpdateCodec(options.update_codec);
  if (!options.student.empty()) {
    run.link.student = std::make_shared<const nn::Checkpoint>(nn::LoadCheckpoint(options.student));
  }
  run.key_frames_per_second = options.key_frames_per_second;
  run.budget = options.budget;
  run.staleness = options.no_wait ? client::Staleness::kGoOn : client::Staleness::kWait;
  return run;
}

app::SegmentRunOptions SegmentRunOf(const RunArguments& options) {
  app::SegmentRunOptions run;
  SetBasics(options, run);
  static_cast<rpc::Endpoint&>(run.link) = options.link;
  run.retry = options.link.retry;
  run.link.video_codec = wire::ParseVideoCodec(options.segment);
  run.link.label_codec = wire::ParseLabelCodec(options.label_codec);
  run.link.jpeg_quality = options.link.quality.jpeg;
  run.link.h264_crf = options.h264_crf.value_or(wire::kDefaultH264Crf);
  // The paper's naive offloading sends a frame when the one before is answered; whoever compresses
  // today also keeps the link busy meanwhile.
  const bool raw = run.link.video_codec == wire::VideoCodec::kRaw;
  run.link.in_flight = options.in_flight > 0 ? options.in_flight
                       : raw                 ? 1
                                             : wire::kDefaultSegmentInFlight;
  return run;
}

void AddRunOptions(CLI::App& command, RunArguments& options) {
  rpc::GrpcLinkOptions& link = options.link;
  command
      .add_option("source", options.source,
                  "Video file, folder of images, camera index, or RTSP address")
      ->type_name(kPathValue)
      ->required();
  command.add_option(flags::kServer, link.address, "Address of the server, host:port")
      ->capture_default_str();
  command
      .add_option(flags::kStudent, options.student,
                  "Start with this student (.safetensors) instead of the server's; where the "
                  "server was given the same, none of it travels")
      ->type_name(kFileValue);
  command.add_option(flags::kFrames, options.frames, "Only the first N frames")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));

  command
      .add_option(kSourceTimeout, options.source_timeout,
                  "Seconds that a camera, a stream or an address may take to open, or to give its "
                  "next frame")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command
      .add_option("--source-retries", options.source_retries,
                  "Give up a camera or a stream that was lost after so many attempts in a row to "
                  "get it back; -1: never")
      ->check(CLI::Range(-1, 1'000'000'000))
      ->capture_default_str();
  command.add_flag("--every-frame", options.every_frame,
                   "Every frame of a camera or a stream, late ones too, not always the newest");

  command
      .add_option("--out", options.overlay,
                  "Write the video with the classes laid over it (.mp4, .mov or .mkv)")
      ->type_name(kFileValue);
  command
      .add_option(
          "--masks", options.masks,
          "Write a label PNG per frame into this folder; those of an earlier run are replaced")
      ->type_name(kFolderValue);
  command
      .add_option("--jsonl", options.json_lines,
                  "Write a JSON object per frame; the file may be a pipe")
      ->type_name(kFileValue);
  command.add_flag("--show", options.show, "Show it in a window");
  command
      .add_option(flags::kJson, options.json,
                  "Write the summary as JSON to this file, or to standard output (-, the default)")
      ->type_name(kFileValue)
      ->expected(0, 1)
      ->default_str("-");

  command.add_option(flags::kFrameCodec, options.frame_codec, "How key frames travel")
      ->check(CLI::IsMember(wire::FrameCodecNames()))
      ->capture_default_str();
  command.add_option(flags::kJpegQuality, link.quality.jpeg, "1 to 100")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command.add_option(flags::kUpdateCodec, options.update_codec, "How updates travel")
      ->check(CLI::IsMember(wire::UpdateCodecNames()))
      ->capture_default_str();
  command.add_flag("--no-wait,--live", options.no_wait,
                   "Never wait for a late update (for cameras; gives up the bound on staleness)");

  command
      .add_option(std::string(flags::kSegment) + ",--offload", options.segment,
                  "No student: send every frame to the server this way and get its labels back")
      ->check(CLI::IsMember(wire::VideoCodecNames()));
  command.add_option(flags::kLabelCodec, options.label_codec, "How labels travel with --segment")
      ->check(CLI::IsMember(wire::LabelCodecNames()))
      ->capture_default_str();
  command
      .add_option("--in-flight", options.in_flight,
                  "With --segment: frames that may wait for their labels; 1 by default for raw, as "
                  "in the paper, 2 otherwise, so that link and teacher work at the same time")
      ->check(CLI::Range(1, wire::kMaxSegmentInFlight));
  command
      .add_option(
          "--key-frame-bytes", link.key_frame_bytes,
          "What a key frame as video (h264, vp9, av1) shall have, about (default: what the server "
          "wants); av1 keeps the quality of its first key frame")
      ->check(CLI::Range(100, 100'000'000));
  command
      .add_option("--h264-crf", options.h264_crf,
                  "The same rate factor of H.264, 0 (lossless) to 51, for all frames (default: as "
                  "--key-frame-bytes wants; with --segment 23). VP9 and AV1 take what gives about "
                  "the same PSNR")
      ->check(CLI::Range(0, 51));
  command
      .add_option(flags::kBandwidth, options.bandwidth_mbit,
                  "Send and receive at most so many Mbit/s each, as over a slower link")
      ->check(CLI::Range(0.001, 100'000.0));
  command
      .add_option(
          "--key-frames-per-second", options.key_frames_per_second,
          "Key frames a second at most, whatever the server's policy wants (0.5: one in two "
          "seconds); 0: no bound of its own")
      ->check(CLI::Range(0.0, 1000.0));
  const auto add_budget = [&](const char* name, double& bound, const char* of) {
    command
        .add_option(name, bound,
                    std::string("Use at most so many kbit/s for key frames and updates") + of +
                        ", over any 10 s; 0: no bound")
        ->check(CLI::Range(0.0, 1e9));
  };
  add_budget("--budget-kbps", options.budget.both, "");
  add_budget("--budget-up-kbps", options.budget.up, ", those up");
  add_budget("--budget-down-kbps", options.budget.down, ", those down");
  command
      .add_option(flags::kMaxFps, options.max_fps,
                  "Take at least 1/N s for each frame of a file, as a slower device does; waiting "
                  "for the server comes on top")
      ->check(CLI::Range(0.01, 10'000.0));

  command.add_flag("--retry", link.retry, "Keep trying when the server is not there at the start");
  command
      .add_option(flags::kTlsAuthority, link.tls.authority,
                  "Use TLS and trust this authority (PEM)")
      ->type_name(kFileValue);
  command
      .add_option(flags::kTlsCertificate, link.tls.certificate,
                  "Our certificate, where the server asks for one (PEM)")
      ->type_name(kFileValue);
  command.add_option(flags::kTlsKey, link.tls.key, "Its key (PEM)")->type_name(kFileValue);
  command
      .add_option("--token-file", options.token_file,
                  "File whose only line is the token by which the server knows this device")
      ->type_name(kFileValue);
  command.add_flag("--tls", link.use_tls, "Use TLS and trust the system's authorities");
  command.add_flag(flags::kInsecure, link.insecure,
                   "Allow plain text to other machines (frames can be read on the way)");

  command
      .add_option(flags::kReferenceTeacher, options.reference_teacher,
                  "After the run, compare with this teacher (model card, or FILE.py:FUNCTION) and "
                  "report the mIoU")
      ->type_name(kFileValue);
  command.add_option(flags::kReferenceEvery, options.reference_every, "Compare every Nth frame")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
}

void AddRunCommand(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      flags::kRun, "Segment a video with a student that a server teaches meanwhile");
  const auto options = std::make_shared<RunArguments>();
  AddRunOptions(*command, *options);
  command->callback([options, &exit_code] { exit_code = Run(*options); });
}

}  // namespace shadowtutor::cli
