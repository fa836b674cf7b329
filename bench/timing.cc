#include "timing.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

namespace shadowtutor::bench {

ProcessorTime ProcessorTime::Now() {
  ProcessorTime now;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  for (const timeval& t : {usage.ru_utime, usage.ru_stime}) {
    now.own += static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/stat", "r"),
                                                             std::fclose);
  // user, nice, system, idle, waiting for disks, two kinds of interrupts, taken by the host
  double t[8] = {};
  if (file && std::fscanf(file.get(), "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &t[0], &t[1], &t[2],
                          &t[3], &t[4], &t[5], &t[6], &t[7]) == 8) {
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    for (const double part : t) now.all += part / ticks;
    now.busy = now.all - (t[3] + t[4]) / ticks;
  }
  return now;
}

double OthersShare(const ProcessorTime& begin, const ProcessorTime& end) {
  if (end.all <= begin.all) return 0;
  const double theirs = (end.busy - begin.busy) - (end.own - begin.own);
  return std::max(0.0, theirs / (end.all - begin.all));
}

namespace {

using Clock = std::chrono::steady_clock;

Medians Once(const std::vector<std::function<void()>>& works, int runs, double seconds) {
  constexpr auto kRest = std::chrono::milliseconds(10);
  constexpr int kLeastTurns = 3;
  std::vector<std::vector<double>> times(works.size());
  const ProcessorTime before = ProcessorTime::Now();
  const auto begin = Clock::now();
  for (int turn = 0;
       turn < kLeastTurns || std::chrono::duration<double>(Clock::now() - begin).count() < seconds;
       ++turn) {
    for (size_t i = 0; i < works.size(); ++i) {
      std::this_thread::sleep_for(kRest);
      works[i]();
      for (int run = 0; run < runs; ++run) {
        const auto start = Clock::now();
        works[i]();
        times[i].push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
      }
    }
  }
  Medians medians;
  medians.others = OthersShare(before, ProcessorTime::Now());
  for (auto& t : times) {
    const auto middle = t.begin() + static_cast<std::ptrdiff_t>(t.size() / 2);
    std::nth_element(t.begin(), middle, t.end());
    medians.milliseconds.push_back(*middle);
  }
  return medians;
}

}  // namespace

Medians MediansInTurns(const std::vector<std::function<void()>>& works, int runs, double seconds) {
  constexpr int kAttempts = 3;
  constexpr double kQuiet = 0.03;
  Medians best = Once(works, runs, seconds);
  for (int attempt = 1; attempt < kAttempts && best.others > kQuiet; ++attempt) {
    Medians again = Once(works, runs, seconds);
    if (again.others < best.others) best = std::move(again);
  }
  return best;
}

}  // namespace shadowtutor::bench
