// `shadowtutor label`: runs a teacher over a video and keeps its labels as a replay teacher.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/outputs.h"
#include "cli/progress.h"
#include "cli/value_types.h"
#include "core/address_text.h"
#include "core/fingerprint.h"
#include "core/text.h"
#include "teacher/label_folder.h"
#include "teacher/labelling.h"
#include "teacher/model_card.h"
#include "teacher/open_teacher.h"
#include "teacher/teacher.h"
#include "teacher/teacher_fingerprint.h"
#include "video/open_source.h"
#include "video/source.h"

namespace shadowtutor::cli {
namespace {

struct LabelOptions {
  std::string source, card, folder;
  int64_t frames = -1;
};

std::string TimeLeft(double seconds) {
  if (seconds < 0) return "";
  const auto whole = std::llround(seconds);
  if (whole >= 3600) return Format(", %lld h %lld min left", whole / 3600, whole / 60 % 60);
  return Format(", %lld:%02lld min left", whole / 60, whole % 60);
}

std::string ProgressText(const teacher::LabellingProgress& progress) {
  const std::string total = progress.total >= 0 ? "/" + std::to_string(progress.total) : "";
  return "frame " + std::to_string(progress.frames) + total + TimeLeft(progress.seconds_left);
}

// The source's name for people, without a password, and the same for every path to the same video.
std::string SourceName(const std::string& source) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(source, error);
  return error ? WithoutCredentials(source) : path.string();
}

// The fingerprint of a file's or folder's content. Of what is behind an address, its first frame
// stands for the rest.
std::string VideoFingerprint(const std::string& source) {
  std::error_code error;
  if (std::filesystem::exists(source, error)) return SourceFingerprint(source);
  Fingerprint fingerprint;
  fingerprint.AddText(SourceFingerprint(source));
  const auto video = video::OpenSource(source);
  Image frame;
  if (video->Read(frame)) {
    fingerprint.AddText(SizeText(frame.size()));
    fingerprint.AddBytes(frame.bytes());
  }
  return fingerprint.Text();
}

teacher::MadeFrom MadeFromOf(const LabelOptions& options) {
  teacher::TeacherFingerprint teacher = teacher::FingerprintOfTeacher(options.card);
  return {VideoFingerprint(options.source), std::move(teacher.card), std::move(teacher.network)};
}

int Label(const LabelOptions& options) {
  InstallInterruptHandler();
  std::vector<InputPath> inputs = {{"the source", options.source}};
  AddCard(inputs, options.card);
  RefuseOverlaps(inputs, {{options.folder, /*folder=*/true}});
  teacher::LabelFolder::RefuseForeign(options.folder);
  Progress progress;
  video::SourceOptions reading;
  reading.stop = Interrupted;
  reading.log = [&progress](const std::string& line) { progress.Print(line); };
  const auto source = video::OpenSource(options.source, reading);
  const auto teacher = teacher::OpenTeacher(options.card);
  const FolderLock lock(options.folder);
  teacher::LabellingOptions labelling;
  labelling.max_frames = options.frames;
  labelling.source_name = SourceName(options.source);
  if (!source->live()) labelling.made_from = MadeFromOf(options);
  labelling.has_instances = teacher::HasInstances(teacher::LoadModelCard(options.card).kind);
  labelling.stop = Interrupted;
  labelling.on_progress = [&](const teacher::LabellingProgress& now) {
    constexpr int64_t kFramesPerLogLine = 100;
    if (progress.IsDue({}, now.frames, kFramesPerLogLine)) progress.Show(ProgressText(now));
  };
  const auto result = teacher::LabelSource(*source, *teacher, options.folder, labelling);
  progress.Clear();
  const std::string card = teacher::LabelFolder::CardIn(options.folder).string();
  std::printf("%lld frames have labels in %s (%lld new); --teacher %s replays them\n",
              static_cast<long long>(result.frames), options.folder.c_str(),
              static_cast<long long>(result.labelled), card.c_str());
  if (!result.stopped) return 0;
  std::printf("stopped before the end; the same command goes on from here\n");
  return kInterruptedExitCode;
}

}  // namespace

void AddLabelCommand(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "label", "Label every frame of a video with a teacher; the folder is a teacher itself");
  const auto options = std::make_shared<LabelOptions>();
  command->add_option("source", options->source, "Video file, or folder of images")
      ->type_name(kPathValue)
      ->required();
  command
      ->add_option("--teacher", options->card,
                   "Model card of the teacher (docs/teachers.md), or FILE.py:FUNCTION")
      ->type_name(kFileValue)
      ->required();
  command
      ->add_option(
          "--out", options->folder,
          "Folder for the labels and their card.yaml; run again to go on where it stopped, with "
          "the same video, card and network")
      ->type_name(kFolderValue)
      ->required();
  command->add_option("--frames", options->frames, "Only the first N frames")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  command->callback([options, &exit_code] { exit_code = Label(*options); });
}

}  // namespace shadowtutor::cli
