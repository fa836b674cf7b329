#include "core_model.h"

#include <algorithm>

namespace shadowtutor::bench {

double ParallelShare(const MeasuredKeyFrame& measured) {
  const double saved = 1 - measured.threads_ms / measured.one_thread_ms;
  return std::clamp(saved / (1 - 1.0 / measured.threads), 0.0, 1.0);
}

ComputedRate ComputeRate(const MeasuredKeyFrame& measured, int cores, int trainers,
                         double bytes_per_core_and_second) {
  const double p = ParallelShare(measured);
  const double threads = static_cast<double>(cores) / trainers;
  ComputedRate rate;
  rate.key_frame_ms = measured.one_thread_ms * (1 - p + p / threads);
  rate.key_frames_per_second = 1e3 * trainers / rate.key_frame_ms;
  const double most = cores * bytes_per_core_and_second / measured.bytes;
  if (rate.key_frames_per_second > most) {
    rate.key_frames_per_second = most;
    rate.key_frame_ms = 1e3 * trainers / most;
    rate.bound_by_memory = true;
  }
  rate.bytes_per_second = rate.key_frames_per_second * measured.bytes;
  return rate;
}

}  // namespace shadowtutor::bench
