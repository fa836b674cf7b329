// What the main functions of the benchmarks share.
#ifndef SHADOWTUTOR_BENCH_BENCHMARK_MAIN_H_
#define SHADOWTUTOR_BENCH_BENCHMARK_MAIN_H_

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace shadowtutor::bench {

inline void AddSize(CLI::App& app, std::string& size) {
  app.add_option("--size", size, "Frame size")->capture_default_str();
}
inline void AddThreadCounts(CLI::App& app, std::vector<int>& threads) {
  app.add_option("--threads", threads, "Thread counts, one after the other")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
}
inline void AddJson(CLI::App& app, std::string& path) {
  app.add_option("--json", path, "Write the figures to this file");
}

/// Parses the command line and calls `run`. Returns the exit code: 1 after an exception, whose
/// sentence is printed behind the benchmark's name.
template <typename Run>
int RunBenchmark(const char* name, CLI::App& app, int argc, char** argv, const Run& run) {
  CLI11_PARSE(app, argc, argv);
  try {
    run();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", name, error.what());
    return 1;
  }
}

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_BENCHMARK_MAIN_H_
