// `shadowtutor bench`: measures how fast the student predicts and trains on this machine.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "app/device_benchmark.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/outputs.h"
#include "cli/quantities.h"
#include "cli/value_types.h"
#include "shadowtutor/types.h"

namespace shadowtutor::cli {
namespace {

struct BenchOptions {
  app::DeviceBenchmarkOptions benchmark;
  std::string size = "1280x720", json;
};

void Bench(BenchOptions options) {
  InstallInterruptHandler();
  JsonOutput json(options.json);
  options.benchmark.size = ParseFrameSize("--size", options.size);
  options.benchmark.interrupted = Interrupted;
  const app::DeviceBenchmark result = app::RunDeviceBenchmark(options.benchmark);
  if (!json.to_stdout()) std::fputs(app::ToText(result).c_str(), stdout);
  json.Write(app::ToJson(result));
}

}  // namespace

void AddBenchCommand(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand(
      "bench", "Measure how fast the student predicts and learns on this machine");
  command->add_option("--size", options->size, "Frame size")->capture_default_str();
  command->add_option("--threads", options->benchmark.threads, "Threads to use (0: all)")
      ->capture_default_str();
  command
      ->add_option("--classes", options->benchmark.classes, "Classes that the student tells apart")
      ->check(CLI::Range(2, kMaxClasses))
      ->capture_default_str();
  command->add_option("--seconds", options->benchmark.seconds, "Time for each measurement, about")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  command->add_option("--json", options->json, "Write the figures as JSON to this file (-: stdout)")
      ->type_name(kFileValue);
  command->footer(
      "SHADOWTUTOR_ISA=avx2 (amx, avx512, sse4, neon, scalar) forces an instruction set.");
  command->callback([options, &exit_code] {
    Bench(*options);
    exit_code = 0;
  });
}

}  // namespace shadowtutor::cli
