// Measures medians of several pieces of work in turns, on a machine that may have other things to
// do.
#ifndef SHADOWTUTOR_BENCH_TIMING_H_
#define SHADOWTUTOR_BENCH_TIMING_H_

#include <functional>
#include <vector>

namespace shadowtutor::bench {

/// Seconds of processor time: of this process, busy on all processors, and available on all
/// processors.
struct ProcessorTime {
  double own = 0, busy = 0, all = 0;
  static ProcessorTime Now();
};
/// The share of all processors' time that went to other processes (or other guests of the host)
/// between two moments, 0 to 1; 0 if the system does not tell.
double OthersShare(const ProcessorTime& begin, const ProcessorTime& end);

struct Medians {
  std::vector<double> milliseconds;
  double others = 0;  // OthersShare during the measurement
};

/// The median milliseconds of each of `works`. They take turns, so that whatever else the machine
/// does affects all of them alike. A turn is a short sleep (the thread pool of the work before may
/// still be spinning), one run that is not counted (caches and pages hold the data of the work
/// before) and `runs` that are. Rounds of turns are repeated until `seconds` have passed, but three
/// times at least. If other processes took more than a few percent of the machine, the whole
/// measurement is repeated, three times at most, and the one with the least disturbance counts.
Medians MediansInTurns(const std::vector<std::function<void()>>& works, int runs, double seconds);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_TIMING_H_
