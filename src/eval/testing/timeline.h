// Simulates a run of client and server, event by event on a virtual clock, from the costs of their
// parts. The bounds (eval/plan/bounds.h) are tested against it. No student is trained and no frame
// is read; the caller decides how well training went.
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
  /// The share, 0 to 1, of the network's and the teacher's time during which the device goes on
  /// predicting: the "degree of concurrency" of thesis section 4.3. For the rest the device waits.
  double overlap = 1;
  /// Whether the device also predicts while the server takes its distillation steps. Equation 4.2
  /// assumes that it does not: it adds their time to the run's.
  bool trains_beside = false;
};

/// The totals of a part of the run.
struct TimelineTotals {
  uint64_t frames = 0;      // n
  uint64_t key_frames = 0;  // k
  uint64_t steps = 0;       // d
  double seconds = 0;       // t_tot
  double bytes = 0;         // both directions
  /// The sum of the times that the MIN_STRIDE frames after every key frame took, without the
  /// distillation steps' time unless `trains_beside`. Divided by key_frames it is t_c.
  double stride_start_seconds = 0;

  double throughput() const { return static_cast<double>(frames) / seconds; }
  double traffic() const { return 8 * bytes / seconds; }
};

struct Timeline {
  /// All frames. The last stride may be incomplete; its update counts if it arrived.
  TimelineTotals run;
  /// From the first key frame to the start of the last one; frames is 0 if there was only one.
  TimelineTotals whole_strides;
};

/// Plays Algorithm 3 for `frames` frames of a file, where the client waits for an overdue update.
/// `train` is called once for each key frame. Throws Error kInvalidArgument for costs, an overlap
/// or an outcome out of range.
Timeline PlayTimeline(const TimelineOptions& options, uint64_t frames,
                      const std::function<TrainingOutcome()>& train);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_TESTING_TIMELINE_H_
