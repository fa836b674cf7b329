#include "teacher/labelling.h"

#include <algorithm>
#include <chrono>

#include "core/atomic_file.h"
#include "teacher/model_card.h"
#include "video/label_png.h"

namespace shadowtutor::teacher {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Writes the folder's card, or checks that the one that is there says the same.
void PrepareFolder(const fs::path& folder, const Teacher& teacher, const std::string& note) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(ErrorCode::kUnavailable,
                "cannot make the folder " + folder.string() + ": " + error.message());
  }
  const fs::path file = folder / "card.yaml";
  if (!fs::exists(file, error)) {
    WriteFileAtomically(file, ReplayCardText(teacher.classes(), teacher.background(), note));
    return;
  }
  const ModelCard card = LoadModelCard(file);
  if (card.kind != Kind::kReplay || card.note != note || card.classes != teacher.classes() ||
      card.background != teacher.background()) {
    throw Error(ErrorCode::kFailedPrecondition,
                folder.string() + " holds other labels already (" +
                    (card.note.empty() ? "its card.yaml has other classes" : card.note) +
                    "); choose another folder, or remove that one",
                Setting::kOutput);
  }
}

// Whether an earlier run has labelled this frame. Files are written whole, but disks and people
// do damage them; what is not a label of this frame is made anew.
bool HasLabel(const fs::path& file, FrameSize size, size_t classes) {
  std::error_code error;
  if (!fs::exists(file, error)) return false;
  try {
    const LabelMap labels = video::ReadLabelPng(file);
    return labels.size() == size &&
           std::all_of(labels.labels().begin(), labels.labels().end(),
                       [classes](uint8_t label) { return label < classes; });
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

LabellingResult LabelSource(video::Source& source, Teacher& teacher, const fs::path& folder,
                            const LabellingOptions& options) {
  if (source.live()) {
    throw Error(ErrorCode::kInvalidArgument,
                "labels belong to frames that can be read again; record the camera or stream to a "
                "file and label that");
  }
  PrepareFolder(folder, teacher,
                "labels of " + options.source_name + " by " + teacher.description());

  LabellingProgress progress;
  progress.total = source.frame_count();
  if (options.max_frames >= 0) {
    progress.total =
        progress.total < 0 ? options.max_frames : std::min(progress.total, options.max_frames);
  }
  LabellingResult result;
  Clock::duration spent{};
  Image frame;
  while (options.max_frames < 0 || result.frames < options.max_frames) {
    if (options.stop && options.stop()) {
      result.stopped = true;
      break;
    }
    if (!source.Read(frame)) break;
    const auto index = static_cast<uint64_t>(result.frames);
    const fs::path file = folder / video::LabelFileName(index);
    if (!HasLabel(file, frame.size(), teacher.classes().size())) {
      const auto start = Clock::now();
      const Answer answer = teacher.Label(frame, index);
      WriteFileAtomically(file, video::EncodeLabelPng(answer.label));
      spent += Clock::now() - start;
      ++result.labelled;
    }
    ++result.frames;
    progress.frames = result.frames;
    progress.labelled = result.labelled;
    if (progress.total >= 0 && result.labelled > 0) {
      const double seconds_per_frame =
          std::chrono::duration<double>(spent).count() / static_cast<double>(result.labelled);
      progress.seconds_left = seconds_per_frame * static_cast<double>(std::max<int64_t>(
                                                      0, progress.total - result.frames));
    }
    if (options.on_progress) options.on_progress(progress);
  }
  return result;
}

}  // namespace shadowtutor::teacher
