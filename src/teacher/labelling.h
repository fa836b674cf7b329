// `shadowtutor label`: a teacher's answers to every frame of a video, kept as a replay teacher.
#ifndef SHADOWTUTOR_TEACHER_LABELLING_H_
#define SHADOWTUTOR_TEACHER_LABELLING_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "teacher/teacher.h"

namespace shadowtutor::video {
class Source;
}  // namespace shadowtutor::video

namespace shadowtutor::teacher {

struct LabellingProgress {
  int64_t frames = 0;        // seen so far, those that were labelled before included
  int64_t labelled = 0;      // of them, in this run
  int64_t total = -1;        // frames that there will be; -1: unknown
  double seconds_left = -1;  // -1: unknown
};

struct LabellingOptions {
  int64_t max_frames = -1;                                    // -1: all
  std::string source_name;                                    // for the folder's card
  std::function<bool()> stop;                                 // asked between two frames
  std::function<void(const LabellingProgress&)> on_progress;  // after every frame
};

struct LabellingResult {
  int64_t frames = 0;    // that now have a label
  int64_t labelled = 0;  // of them, in this run
  bool stopped = false;  // `stop` said so; a later run goes on from here
};

/// Makes `folder` a label folder (teacher/label_folder.h) of the source's frames, in the teacher's
/// (mapped) classes and with the instances of a teacher that tells them apart. Whole labels of an
/// earlier run are kept and their frames skipped, so that a run that was interrupted goes on where
/// it was.
/// Throws Error: kInvalidArgument (a live source: its frames do not come again),
/// kFailedPrecondition (the folder holds labels of another video or teacher), and what the source
/// and the teacher throw.
LabellingResult LabelSource(video::Source& source, Teacher& teacher,
                            const std::filesystem::path& folder, const LabellingOptions& options);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_LABELLING_H_
