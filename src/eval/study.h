// A study: strategies times delays times clips, with what is done kept on disk.
//
// In the study's folder:
//   labels/CLIP-KEY/      a teacher's answers, computed once (teacher/label_store.h)
//   clips/CLIP.json       what was found out about a clip
//   runs/CLIP-LABEL.json  each run that is done, with the parameters that it was made with
//   samples/              pictures
//   results.json, runs.csv, frames.csv
// A study that is started again does what is missing and what its parameters, or the files that it
// was made from, have changed.
#ifndef SHADOWTUTOR_EVAL_STUDY_H_
#define SHADOWTUTOR_EVAL_STUDY_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eval/clip_set.h"
#include "eval/strategy.h"
#include "eval/study_results.h"

namespace shadowtutor::eval {

/// One strategy with one delay. Plain value.
struct StrategyChoice {
  const StrategyEntry* strategy = nullptr;
  int delay = 0;  // 0: the strategy has none

  std::string label() const { return RunLabel(*strategy, delay); }
};

/// What is to be run when a user names `names` and `delays`: strategies in the order of the names,
/// each with every delay where it heeds one; "naive" stands for all whose name begins so. What is
/// named twice is run once. Throws Error kInvalidArgument for an unknown strategy, and for a delay
/// or another parameter that one of the strategies cannot run with.
std::vector<StrategyChoice> ChooseStrategies(const std::vector<std::string>& names,
                                             const std::vector<int>& delays,
                                             const StrategyOptions& parameters);

struct StudyProgress {
  std::string clip;
  std::string label;  // of the run; "labels" while the teacher is asked
  size_t clip_number = 0, clips = 0;
  uint64_t frames = 0;         // of this run
  int64_t frames_in_all = -1;  // -1: unknown
  double mean_miou = -1;       // so far; -1: not a run
  double seconds_left = -1;    // for the whole study; -1: unknown
};

struct StudyRequest {
  std::vector<ClipSpec> clips;
  std::vector<StrategyChoice> strategies;
  StrategyOptions parameters;
  std::optional<double> fps;  // re-sample every clip to so many frames a second
  uint64_t frames = 0;        // at most so many of every clip; 0: as the clip has
  std::optional<std::filesystem::path> student;  // absent: fresh, of the teacher's classes
  uint64_t seed = 0;                             // of a fresh one
  std::filesystem::path folder;
  bool fresh = false;  // do all runs anew; labels are kept
  std::string version, command;

  std::function<void(const StudyProgress&)> on_progress;
  std::function<bool()> stop;                      // asked after every frame
  std::function<void(const FailedClip&)> on_fail;  // a clip that is given up
};

/// Runs what is missing and writes the results. A clip that fails is in `failures` and nowhere
/// else; the rest goes on, and where all fail no results are written. Throws Error:
/// kInvalidArgument (no clips, no strategies, two clips of one name), kCancelled (`stop` said so;
/// the runs that are done are kept, results.json is as it was), kUnavailable (the folder cannot be
/// written to).
StudyResults RunStudy(const StudyRequest& request);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_H_
