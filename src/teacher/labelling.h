// Labels every frame of a video with a teacher and writes the answers to a label folder, which can
// be used as a replay teacher. The implementation of `shadowtutor label`.
#ifndef SHADOWTUTOR_TEACHER_LABELLING_H_
#define SHADOWTUTOR_TEACHER_LABELLING_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "teacher/model_card.h"
#include "teacher/teacher.h"

namespace shadowtutor::video {
class Source;
}  // namespace shadowtutor::video

namespace shadowtutor::teacher {

struct LabellingProgress {
  int64_t frames = 0;        // frames read so far, including those that already had a label
  int64_t labelled = 0;      // frames labelled in this run
  int64_t total = -1;        // frames of the source; -1: unknown
  double seconds_left = -1;  // -1: unknown
};

struct LabellingOptions {
  int64_t max_frames = -1;     // -1: all
  std::string source_name;     // for the note in the folder's card
  MadeFrom made_from;          // for the same; may be unknown
  bool has_instances = false;  // the teacher gives instances: labels without them are made anew
  std::function<bool()> stop;  // asked between frames; true stops
  std::function<void(const LabellingProgress&)> on_progress;  // after every frame
};

struct LabellingResult {
  int64_t frames = 0;    // frames that have a label now
  int64_t labelled = 0;  // frames labelled in this run
  bool stopped = false;  // whether `stop` ended the run; another run continues it
};

/// Writes the labels of the source's frames to the label folder `folder` (teacher/label_folder.h),
/// in the classes that the teacher maps to, and with instances if the teacher has them. Frames that
/// already have an undamaged label are skipped, so that a second run continues an interrupted one.
/// Throws Error: kInvalidArgument (a live source, whose frames cannot be read again),
/// kFailedPrecondition (LabelFolder::CheckCard: the folder has labels of another video or teacher),
/// and what the source and the teacher throw.
LabellingResult LabelSource(video::Source& source, Teacher& teacher,
                            const std::filesystem::path& folder, const LabellingOptions& options);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_LABELLING_H_
