// How long a part of the simulation takes on this machine.
#ifndef SHADOWTUTOR_EVAL_SIM_TIMED_H_
#define SHADOWTUTOR_EVAL_SIM_TIMED_H_

#include <chrono>

namespace shadowtutor::eval {

/// What `work` returns; the milliseconds that it took are added to `total_ms`.
template <typename Work>
auto Timed(double& total_ms, Work&& work) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  auto result = work();
  total_ms += std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  return result;
}

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_TIMED_H_
