// The results of a study, and the files that hold them: results.json, runs.csv, frames.csv.
#ifndef SHADOWTUTOR_EVAL_STUDY_STUDY_RESULTS_H_
#define SHADOWTUTOR_EVAL_STUDY_STUDY_RESULTS_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "distill/policy.h"
#include "eval/sim/evaluation.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval {

/// A clip as it was run.
struct ClipRecord {
  std::string name, camera, scene;
  std::string source;   // the video's file name
  std::string teacher;  // its description
  FrameSize size;
  double frames_per_second = 0;  // after re-sampling; 0: unknown
  uint64_t frames = 0;
  ClassList classes;
  int background = -1;    // index into classes; -1: none
  bool replayed = false;  // the teacher replays labels and does not look at frames
};

/// One strategy on one clip.
struct RunRecord {
  std::string clip;
  std::string strategy;
  std::optional<distill::Policy> policy = {};  // absent: the strategy does not train
  int delay = 0;                               // 0: the strategy has none; may be kDelayAuto
  std::string label;
  uint64_t frames = 0;
  double mean_miou = 0;
  Totals totals;
  std::string frame_codec, update_codec;  // names; empty: the strategy sends no key frames, updates
  Measures measures = {};
  std::string setting = {};  // as results.json had it; empty: that of the parameters
  std::vector<double> miou;  // 0..1 per frame, rounded to four digits
  std::vector<uint64_t> key_frame_indices;
  std::vector<std::pair<uint64_t, int>> strides;

  double key_frame_ratio() const;
  double bytes_per_frame() const;            // up and down
  std::optional<double> mean_delay() const;  // as EvalReport::mean_delay
};

/// Pictures of one frame; paths are relative to the folder of results.json.
struct SampleRecord {
  std::string clip;
  uint64_t frame = 0;
  std::vector<std::pair<std::string, std::string>> images;  // "input", "teacher" or a run's label
};

struct FailedClip {
  std::string clip;
  std::string why;
  Setting about = Setting::kNone;  // the setting that `why` advises on; not stored
};

struct StudyResults {
  std::string version, command;
  StrategyOptions parameters;
  std::optional<double> fps;
  std::string student;  // a file's name, or "fresh, seed 0"
  std::vector<ClipRecord> clips;
  std::vector<RunRecord> runs;
  std::vector<SampleRecord> samples;
  std::vector<FailedClip> failures;  // these clips are in no other list
  /// The JSON text of an object whose members take the place of those of results.json: of results
  /// that other processes made. Empty: this process made them.
  std::string origin;
};

/// Convert a run or a clip to JSON text and back. The Parse functions throw Error kDataLoss for any
/// other text.
std::string RunJson(const RunRecord& run);
RunRecord ParseRun(const std::string& json);
std::string ClipJson(const ClipRecord& clip);
ClipRecord ParseClip(const std::string& json);

/// What a reader of the figures must know, one sentence per note.
std::vector<std::string> Notes(const StudyResults& results);

/// The whole of results.json; docs/evaluate.md explains it. `live` is the JSON text of the value of
/// the key "live"; empty: there is no such key.
std::string ResultsJson(const StudyResults& results, const std::string& live);

/// RunsCsv has one row per run, FramesCsv one per run and frame. Texts are quoted as in RFC 4180.
std::string RunsCsv(const StudyResults& results);
std::string FramesCsv(const StudyResults& results);

/// Writes the three files into `folder`. The value of "live" in an existing results.json is kept.
/// Throws Error kUnavailable.
void WriteResults(const StudyResults& results, const std::filesystem::path& folder);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_STUDY_RESULTS_H_
