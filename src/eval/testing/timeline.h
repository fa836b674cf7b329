// A run of the client and its server played through on a clock of its own, event by event, from the
// costs of their parts: what the bounds (bounds.h) are tested against, and what a user's system can
// be tried on before it is there. No network is trained and no frame is read; how well training
// went is drawn by the caller.
#ifndef SHADOWTUTOR_EVAL_TESTING_TIMELINE_H_
#define SHADOWTUTOR_EVAL_TESTING_TIMELINE_H_

#include <cstdint>
#include <functional>

#include "eval/plan/bounds.h"

namespace shadowtutor::eval {

/// How training on one key frame went.
struct TrainingOutcome {
  double metric = 0;    // 0..1, decides the next stride (Algorithm 2)
  int steps = 0;        // 0..max_updates
  bool changed = true;  // false: the update is as small as costs.least_bytes_down
};

struct TimelineOptions {
  SystemCosts costs;
  double threshold = 0.8;
  /// The share of the network's and the teacher's time that the device predicts beside, 0 to 1: the
  /// "degree of concurrency" of thesis section 4.3. For the rest it stands still.
  double overlap = 1;
  /// Whether the device also predicts while the server takes its distillation steps. Equation 4.2
  /// adds their time to the run's, as if it did not.
  bool trains_beside = false;
};

/// What a stretch of the run came to.
struct TimelineTotals {
  uint64_t frames = 0;      // n
  uint64_t key_frames = 0;  // k
  uint64_t steps = 0;       // d
  double seconds = 0;       // t_tot
  double bytes = 0;         // both directions
  /// What the MIN_STRIDE frames after every key frame took, added up; without the steps' time
  /// unless `trains_beside`. Divided by key_frames it is t_c.
  double stride_start_seconds = 0;

  double throughput() const { return static_cast<double>(frames) / seconds; }
  double traffic() const { return 8 * bytes / seconds; }
};

struct Timeline {
  /// All frames. The last stride may be cut off: its update counts if it arrived.
  TimelineTotals run;
  /// From the first key frame to the start of the last one; frames is 0 where there was but one.
  TimelineTotals whole_strides;
};

/// Algorithm 3 for `frames` frames of a file (it waits for an overdue update). `train` is asked
/// once for each key frame. Throws Error kInvalidArgument for costs, an overlap or an outcome out
/// of range.
Timeline PlayTimeline(const TimelineOptions& options, uint64_t frames,
                      const std::function<TrainingOutcome()>& train);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_TESTING_TIMELINE_H_
