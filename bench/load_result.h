// What the benchmark `load` is told and what it finds, of a real server and of a simulated one.
#ifndef SHADOWTUTOR_BENCH_LOAD_RESULT_H_
#define SHADOWTUTOR_BENCH_LOAD_RESULT_H_

#include <cstdint>

#include "distill/policy.h"
#include "load_device.h"

namespace shadowtutor::bench {

/// A teacher that takes a while.
struct TeacherCost {
  double ms = 50;     // for what it labels together
  int batch = 1;      // frames that it labels together, at most
  int machines = 1;   // that do so side by side, such as GPUs
  int calls = 1;      // that the server may make at a time
  bool busy = false;  // on the server's own cores, one of which it keeps busy
};

struct LoadSettings {
  DeviceMix mix;
  int devices = 8;
  TeacherCost teacher;
  distill::Policy policy;
  int trainers = 0;  // 0: one per core
  double max_load = 0.9;
  double warm_up = 10, seconds = 20;
};

struct LoadFigures {
  double seconds = 0;
  int refused = 0;  // devices without a session at the end
  Tally tally;
  // Shares of the time of all that there is of them.
  double teacher_busy = 0, trainers_busy = 0;
  int min_stride = 0;  // asked for at the end; 0: the policy's
  double step_share = 1;
  double session_mb = 0;  // of memory; 0: not known

  double key_frames_per_second() const {
    return seconds > 0 ? static_cast<double>(tally.answered) / seconds : 0;
  }
  double late_share() const {
    return tally.answered > 0
               ? static_cast<double>(tally.late) / static_cast<double>(tally.answered)
               : 0;
  }
};

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_LOAD_RESULT_H_
