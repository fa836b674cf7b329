// Medians of things that take turns.
#ifndef SHADOWTUTOR_BENCH_TIMING_H_
#define SHADOWTUTOR_BENCH_TIMING_H_

#include <functional>
#include <vector>

namespace shadowtutor::bench {

/// Median milliseconds of each of `works`. They take turns, so that whatever else the machine does
/// meets all of them alike. A turn is a short sleep (another's pool of threads may still be
/// spinning), one run that is not counted (caches and pages are another's) and `runs` that are.
/// Turns go around until `seconds` have passed, but three times at least.
std::vector<double> MediansInTurns(const std::vector<std::function<void()>>& works, int runs,
                                   double seconds);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_TIMING_H_
