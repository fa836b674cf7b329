// Medians of things that take turns, on a machine that may have other things to do.
#ifndef SHADOWTUTOR_BENCH_TIMING_H_
#define SHADOWTUTOR_BENCH_TIMING_H_

#include <functional>
#include <vector>

namespace shadowtutor::bench {

struct Medians {
  std::vector<double> milliseconds;
  /// The part of all processors' time that went to other processes (or other guests of the host)
  /// meanwhile, 0 to 1; 0 where the system does not say.
  double others = 0;
};

/// Median milliseconds of each of `works`. They take turns, so that whatever else the machine does
/// meets all of them alike. A turn is a short sleep (another's pool of threads may still be
/// spinning), one run that is not counted (caches and pages are another's) and `runs` that are.
/// Turns go around until `seconds` have passed, but three times at least. Where others took more
/// than some percent of the machine it is all done again, three times at most, and the quietest
/// counts.
Medians MediansInTurns(const std::vector<std::function<void()>>& works, int runs, double seconds);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_TIMING_H_
