#include "teacher/labelling.h"

#include <algorithm>
#include <chrono>

#include "teacher/label_folder.h"
#include "teacher/label_store.h"
#include "video/source.h"

namespace shadowtutor::teacher {

LabellingResult LabelSource(video::Source& source, Teacher& teacher,
                            const std::filesystem::path& folder, const LabellingOptions& options) {
  using Clock = std::chrono::steady_clock;
  if (source.live()) {
    throw Error(ErrorCode::kInvalidArgument,
                "labels belong to frames that can be read again; record the camera or stream to a "
                "file and label that");
  }
  const std::string note = "labels of " + options.source_name + " by " + teacher.description();
  // The folder must not have labels of another video or teacher.
  LabelFolder(folder, teacher.classes().size())
      .CheckCard({teacher.classes(), teacher.background(), note, options.made_from});
  LabelStore store(teacher, folder, note, options.made_from, options.has_instances);

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
    if (!source.Read(frame)) {
      result.stopped = options.stop && options.stop();  // a source that is stopped ends, too
      break;
    }
    const auto start = Clock::now();
    store.Label(frame, static_cast<uint64_t>(result.frames));
    if (store.asked() > result.labelled) spent += Clock::now() - start;
    result.labelled = store.asked();
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
