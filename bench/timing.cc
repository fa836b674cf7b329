#include "timing.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace shadowtutor::bench {

std::vector<double> MediansInTurns(const std::vector<std::function<void()>>& works, int runs,
                                   double seconds) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kRest = std::chrono::milliseconds(10);
  constexpr int kLeastTurns = 3;
  std::vector<std::vector<double>> times(works.size());
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
  std::vector<double> medians;
  for (auto& t : times) {
    const auto middle = t.begin() + static_cast<std::ptrdiff_t>(t.size() / 2);
    std::nth_element(t.begin(), middle, t.end());
    medians.push_back(*middle);
  }
  return medians;
}

}  // namespace shadowtutor::bench
