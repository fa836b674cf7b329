// What a study is to do: which strategies on which clips, and whom it tells of its progress.
#ifndef SHADOWTUTOR_EVAL_STUDY_STUDY_REQUEST_H_
#define SHADOWTUTOR_EVAL_STUDY_STUDY_REQUEST_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "eval/sim/strategy.h"
#include "eval/study/clip_set.h"
#include "eval/study/study_results.h"

namespace shadowtutor::eval {

/// One strategy with one delay. Plain value.
struct StrategyChoice {
  const StrategyEntry* strategy = nullptr;
  int delay = 0;  // 0: the strategy has none; may be kDelayAuto

  std::string label() const { return RunLabel(*strategy, delay); }
};

/// The runs for the strategies and delays that a user names: in the order of `names`, each strategy
/// with every delay if it heeds the delay, otherwise once. "naive" stands for naive-raw, naive-jpeg
/// and naive-h264. What is named twice is run once. Throws Error kInvalidArgument for an
/// unknown strategy, and for a delay or another parameter that one of the strategies cannot run
/// with.
std::vector<StrategyChoice> ChooseStrategies(const std::vector<std::string>& names,
                                             const std::vector<int>& delays,
                                             const StrategyOptions& parameters);

struct StudyProgress {
  std::string clip;
  std::string label;  // of the run; "labels" while the teacher labels
  size_t clip_number = 0, clips = 0;
  uint64_t frames = 0;         // of this run or labelling
  int64_t frames_in_all = -1;  // -1: unknown
  double mean_miou = -1;       // so far; -1: not a run
  double seconds_left = -1;    // for the whole study; -1: unknown
};

struct StudyRequest {
  std::vector<ClipSpec> clips;
  std::vector<StrategyChoice> strategies;
  StrategyOptions parameters;
  std::optional<double> fps;  // re-sample every clip to this many frames a second
  uint64_t frames = 0;        // at most this many of every clip; 0: as the clip's own limit
  std::optional<std::filesystem::path> student;  // absent: fresh, with the teacher's classes
  uint64_t seed = 0;                             // of the fresh student
  std::filesystem::path folder;
  std::filesystem::path labels;  // the folder of teachers' answers; empty: FOLDER/labels
  /// Only `cells` of the pairs of a clip and a strategy, numbered clip by clip, from first_cell on.
  size_t first_cell = 0, cells = std::numeric_limits<uint32_t>::max();
  bool fresh = false;  // run everything anew; stored labels are kept
  std::string version, command;

  std::function<void(const StudyProgress&)> on_progress;
  std::function<bool()> stop;                      // asked after every frame
  std::function<void(const std::string&)> log;     // told when a source is damaged
  std::function<void(const FailedClip&)> on_fail;  // called for a clip that failed
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_STUDY_REQUEST_H_
