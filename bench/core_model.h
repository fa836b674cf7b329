// What a server with other numbers of cores would do, computed from what one key frame costs here.
//
// A key frame's time on k threads is taken for T1 * (1 - p + p / k), Amdahl's law, with T1 and p
// from two measurements. N key frames side by side on C cores have C / N threads each, and there is
// always one that waits; so N of them are done in that time. Each core is taken for one like those
// here, also when all are busy: no lower clock, no sharing of caches. Memory bounds the rate at
// what a core reads and writes here at the most, times the cores, over what a key frame moves.
#ifndef SHADOWTUTOR_BENCH_CORE_MODEL_H_
#define SHADOWTUTOR_BENCH_CORE_MODEL_H_

namespace shadowtutor::bench {

struct MeasuredKeyFrame {
  double one_thread_ms = 0;
  int threads = 2;  // of the second measurement, 2 or more
  double threads_ms = 0;
  double bytes = 0;  // that it reads and writes at the least
};

/// p, 0 to 1.
double ParallelShare(const MeasuredKeyFrame& measured);

struct ComputedRate {
  double key_frames_per_second = 0;
  double key_frame_ms = 0;  // from the start of its training to its end
  double bytes_per_second = 0;
  bool bound_by_memory = false;
};
/// `trainers` is 1 to `cores`.
ComputedRate ComputeRate(const MeasuredKeyFrame& measured, int cores, int trainers,
                         double bytes_per_core_and_second);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_CORE_MODEL_H_
