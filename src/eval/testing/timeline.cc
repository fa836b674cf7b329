#include "eval/testing/timeline.h"

#include <algorithm>
#include <optional>

#include "distill/key_frame_stride.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval {
namespace {

void Validate(const TimelineOptions& options, const distill::StrideOptions& stride) {
  eval::Validate(options.costs);
  distill::Validate(stride);
  if (!(options.overlap >= 0 && options.overlap <= 1)) {
    throw Error(ErrorCode::kInvalidArgument, "the overlap must lie between 0 and 1");
  }
}

TrainingOutcome Checked(const TrainingOutcome& outcome, const SystemCosts& costs) {
  if (!(outcome.metric >= 0 && outcome.metric <= 1) || outcome.steps < 0 ||
      outcome.steps > costs.max_updates) {
    throw Error(ErrorCode::kInvalidArgument,
                "the outcome of a training is out of range: its metric must be 0 to 1, its steps "
                "at most max_updates");
  }
  return outcome;
}

// A key frame on its way to becoming an update.
struct Outstanding {
  double arrives = 0;
  double metric = 0;
  double bytes_down = 0;
};

}  // namespace

Timeline PlayTimeline(const TimelineOptions& options, uint64_t frames,
                      const std::function<TrainingOutcome()>& train) {
  const SystemCosts& costs = options.costs;
  const distill::StrideOptions strides = {options.threshold, costs.min_stride, costs.max_stride};
  Validate(options, strides);

  Timeline timeline;
  TimelineTotals& run = timeline.run;
  double now = 0;
  int stride = costs.min_stride, step = stride;  // the first frame is a key frame
  std::optional<Outstanding> outstanding;
  double start_began = 0, start_steps = 0;

  const auto take_update = [&] {
    stride = distill::NextStride(stride, outstanding->metric, strides);
    run.bytes += outstanding->bytes_down;
    outstanding.reset();
  };

  for (; run.frames < frames; ++run.frames) {
    if (outstanding && outstanding->arrives <= now) take_update();
    if (step == stride) {
      run.seconds = now;
      if (run.key_frames > 0) timeline.whole_strides = run;
      const TrainingOutcome outcome = Checked(train(), costs);
      const double down =
          outcome.changed ? costs.bytes_down : costs.least_bytes_down.value_or(costs.bytes_down);
      const double training = outcome.steps * costs.t_sd;
      const double round_trip =
          costs.latency + 8 * (costs.bytes_up + down) / costs.bandwidth + costs.t_ti;
      outstanding = {now + round_trip + training, outcome.metric, down};
      start_began = now;
      start_steps = options.trains_beside ? 0 : training;
      now += (1 - options.overlap) * round_trip + start_steps;
      run.bytes += costs.bytes_up;
      run.steps += static_cast<uint64_t>(outcome.steps);
      ++run.key_frames;
      step = 0;
    }
    now += costs.t_si;
    ++step;
    if (step == costs.min_stride) {
      if (outstanding) {
        now = std::max(now, outstanding->arrives);
        take_update();
      }
      run.stride_start_seconds += now - start_began - start_steps;
    }
  }
  run.seconds = now;
  return timeline;
}

}  // namespace shadowtutor::eval
