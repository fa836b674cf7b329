// Measures how well a run's predictions agree with a teacher. Some predictions are kept during the
// run, and the teacher labels their frames afterwards, so that labelling does not slow the run
// down.
#ifndef SHADOWTUTOR_APP_REFERENCE_SCORE_H_
#define SHADOWTUTOR_APP_REFERENCE_SCORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "video/source.h"

namespace shadowtutor::app {

/// A label map in compressed form: runs of equal labels.
class PackedLabels {
 public:
  explicit PackedLabels(const LabelMap& labels);
  LabelMap Unpack() const;
  size_t bytes() const { return runs_.size() * sizeof(Run); }

 private:
  struct Run {
    uint32_t length;
    uint8_t label;
  };
  FrameSize size_;
  std::vector<Run> runs_;
};

/// Thread safety: one thread.
class ReferenceScore {
 public:
  /// The most memory that kept predictions take; once it is full, later frames are left out.
  static constexpr size_t kMostBytes = size_t{256} << 20;

  /// Keeps every `every`-th prediction. Throws Error kInvalidArgument unless every >= 1.
  explicit ReferenceScore(int every, size_t most_bytes = kMostBytes);

  /// To be called for every frame, from index 0 on.
  void Keep(uint64_t frame_index, const LabelMap& prediction);

  struct Result {
    std::optional<double> mean_miou;  // nullopt: no frame was compared
    uint64_t frames = 0;
  };
  /// Reads `source` again from its start and compares what was kept with the teacher's labels. A
  /// frame that the teacher cannot label is left out; `stop` (may be empty) returns true to end
  /// early. `on_frame` (may be empty) is called at the start and after every frame, with the number
  /// of frames that the teacher has seen so far and of those kept.
  Result Score(video::Source& source, teacher::Teacher& teacher, int classes,
               const std::function<bool()>& stop,
               const std::function<void(uint64_t seen, uint64_t kept)>& on_frame) const;

 private:
  const int every_;
  const size_t most_bytes_;
  size_t bytes_ = 0;
  std::map<uint64_t, PackedLabels> kept_;
};

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_REFERENCE_SCORE_H_
