// One clip of a study: has the teacher label it, runs the strategies on it and takes the pictures.
// Internal to eval/study/.
#ifndef SHADOWTUTOR_EVAL_STUDY_CLIP_STUDY_H_
#define SHADOWTUTOR_EVAL_STUDY_CLIP_STUDY_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "eval/study/study_request.h"
#include "eval/study/study_results.h"

namespace shadowtutor::eval {

/// How far the work on one clip is. The work is done in passes over all of the clip's frames: one
/// that labels them, then one for each run.
struct ClipProgress {
  std::string label;           // of the run; "labels" while the teacher labels
  uint64_t frames = 0;         // done in this pass
  int64_t frames_in_all = -1;  // of this pass; -1: unknown
  size_t pieces_left = 0;      // passes that follow this one
  double mean_miou = -1;       // 0..1, of the run so far; -1: not a run
};

struct ClipResults {
  ClipRecord clip;
  std::vector<RunRecord> runs;
  std::vector<SampleRecord> samples;
};

/// TeacherIdentity of each model card for which it is known already.
using TeacherIdentities = std::map<std::filesystem::path, std::string>;

/// The strategies [begin, end) of the request that are to be run on one clip.
struct ClipStrategies {
  size_t begin = 0, end = 0;
  size_t size() const { return end - begin; }
};

/// Labels and runs what no stored result covers, and returns all results of the clip. `progress` is
/// called after every frame; it returns false to stop. Throws Error kCancelled when it was stopped,
/// and any other Error that keeps the clip from being run.
ClipResults RunClip(const StudyRequest& request, const ClipSpec& spec, ClipStrategies strategies,
                    const std::function<bool(const ClipProgress&)>& progress,
                    TeacherIdentities& teachers);

/// All parameters that a run depends on, as a text.
std::string ParameterText(const StrategyChoice& choice, const StrategyOptions& options);

/// The labels of the runs that get pictures: the first strategy that trains, and `wild`, the
/// student that is not trained. If there is neither, the first run.
std::vector<std::string> SampledLabels(const std::vector<StrategyChoice>& strategies);

/// The most frames of a clip that a study uses; 0: all.
uint64_t FrameLimit(const StudyRequest& request, const ClipSpec& spec);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_CLIP_STUDY_H_
