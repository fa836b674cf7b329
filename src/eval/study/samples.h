// Pictures of a few frames of every clip: what came in, what the teacher and what students made of
// it.
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
inline constexpr int kSampleSide = 480;  // the long side, at most

/// Frames to take pictures of: evenly spaced, the middle of each of kSamplesPerClip equal parts.
/// Fewer frames than that are all taken.
std::vector<uint64_t> SampleFrames(uint64_t frames);

/// The pictures of one clip, as JPEGs in FOLDER/samples.
class SampleWriter {
 public:
  /// `labels` are those of the runs that have pictures. Throws Error kUnavailable when the folder
  /// cannot be made.
  SampleWriter(std::filesystem::path folder, const ClipRecord& clip,
               std::vector<std::string> labels);

  /// Whether a run of this label has pictures, and whether they are all there.
  bool Wants(const std::string& label) const;
  bool Has(const std::string& label) const;

  /// Writes the pictures of a run, and those of the input and the teacher, where `frame` is one of
  /// the frames to take. Throws Error kUnavailable.
  void Write(const std::string& label, const EvaluatedFrame& frame) const;

  /// What is there, for results.json.
  std::vector<SampleRecord> Records() const;

 private:
  // Seen from the folder.
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
