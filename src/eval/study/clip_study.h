// One clip of a study: its teacher's labels, its runs, its pictures. Internal to eval/study/.
#ifndef SHADOWTUTOR_EVAL_STUDY_CLIP_STUDY_H_
#define SHADOWTUTOR_EVAL_STUDY_CLIP_STUDY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "eval/study/study_request.h"
#include "eval/study/study_results.h"

namespace shadowtutor::eval {

/// What has been done of a clip's work. `frames` of `frames_in_all` (-1: unknown) are done of the
/// piece of work at hand, and `pieces_left` as long ones come after it.
struct ClipProgress {
  std::string label;
  uint64_t frames = 0;
  int64_t frames_in_all = -1;
  size_t pieces_left = 0;
  double mean_miou = -1;
};

struct ClipResults {
  ClipRecord clip;
  std::vector<RunRecord> runs;
  std::vector<SampleRecord> samples;
};

/// Does what is missing. `progress` is called after every frame that was worked on; false stops.
/// Throws Error: kCancelled when it was told to stop, and whatever keeps this clip from being run.
ClipResults RunClip(const StudyRequest& request, const ClipSpec& spec,
                    const std::function<bool(const ClipProgress&)>& progress);

/// The most frames that a clip may give; 0: all it has.
uint64_t FrameLimit(const StudyRequest& request, const ClipSpec& spec);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_CLIP_STUDY_H_
