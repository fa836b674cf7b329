// Pictures of a few frames of every clip: the input, the teacher's label and the predictions of
// some runs.
#ifndef SHADOWTUTOR_EVAL_STUDY_SAMPLES_H_
#define SHADOWTUTOR_EVAL_STUDY_SAMPLES_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "eval/sim/evaluation.h"
#include "eval/study/study_results.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval {

inline constexpr int kSamplesPerClip = 4;
inline constexpr int kSampleSide = 480;  // of the pictures' long side, at most

/// The frames to take pictures of: the middle one of each of kSamplesPerClip equal parts of the
/// clip, or all frames if there are fewer.
std::vector<uint64_t> SampleFrames(uint64_t frames);

/// The pictures of one clip, as JPEGs in FOLDER/samples.
class SampleWriter {
 public:
  /// `labels` are the labels of the runs that get pictures. Throws Error kUnavailable when the
  /// folder cannot be made.
  SampleWriter(std::filesystem::path folder, const ClipRecord& clip,
               std::vector<std::string> labels);

  /// Whether the run of this label gets pictures.
  bool Wants(const std::string& label) const;
  /// Whether all pictures of this run exist.
  bool Has(const std::string& label) const;

  /// Writes the pictures of the input, the teacher's label and the run's prediction if `frame` is
  /// one of the frames to take. Throws Error kUnavailable.
  void Write(const std::string& label, const EvaluatedFrame& frame) const;

  /// The pictures that exist, for results.json.
  std::vector<SampleRecord> Records() const;

 private:
  // The path relative to the folder.
  std::string FileOf(uint64_t frame, const std::string& what) const;

  std::filesystem::path folder_;
  std::string clip_;
  ClassList classes_;
  int background_;
  std::vector<std::string> labels_;
  std::vector<uint64_t> frames_;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_SAMPLES_H_
