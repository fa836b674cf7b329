// The benchmark `load` on a simulated clock: how a server of other machines would do. The order of
// the jobs, the devices' deadlines and what the server does under overload are the server's own
// code (server/fair_queue.h, frame_pace.h, admission.h); the teacher, the training and the time are
// not real.
//
// Training on a key frame with all of its steps takes `one_core_ms` on one core. `parallel` of it
// can be split among cores (Amdahl); those that are trained on side by side share them equally.
#ifndef SHADOWTUTOR_BENCH_LOAD_SIMULATION_H_
#define SHADOWTUTOR_BENCH_LOAD_SIMULATION_H_

#include <string>

#include "load_result.h"

namespace shadowtutor::bench {

struct SimulatedMachine {
  int cores = 2;
  double one_core_ms = 330;
  double parallel = 0.87;
};

/// `order` as MakeJobOrder. No memory, no mIoU.
LoadFigures SimulateLoad(const LoadSettings& settings, const SimulatedMachine& machine,
                         const std::string& order = "deadline");

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_LOAD_SIMULATION_H_
