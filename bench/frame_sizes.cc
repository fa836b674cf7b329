// Times inference and a partial step for several frame sizes, most of which are no multiples of 8,
// and prints the time per pixel relative to 1280x720. The sizes take turns.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "benchmark_main.h"
#include "core/atomic_file.h"
#include "core/parallel.h"
#include "distill/trainer.h"
#include "nn/kernels/isa.h"
#include "nn/predictor.h"
#include "scene.h"
#include "timing.h"

namespace shadowtutor::bench {
namespace {

struct Options {
  // The first is what the others are compared with.
  std::vector<std::string> sizes = {"1280x720", "960x540",  "400x300",
                                    "1366x768", "720x1280", "641x359"};
  int threads = 0;
  double seconds = 12;
  std::string json;
};

void Run(const Options& options) {
  std::optional<ThreadLimit> limit;
  if (options.threads > 0) limit.emplace(options.threads);
  std::vector<std::unique_ptr<Scene>> scenes;
  std::vector<std::function<void()>> inferences, steps;
  for (const std::string& text : options.sizes) {
    scenes.push_back(std::make_unique<Scene>(ParseSize(text)));
    const Scene& scene = *scenes.back();
    auto predictor = std::make_shared<nn::Predictor>(
        nn::PackWeights(scene.student.layout, scene.student.weights));
    auto labels = std::make_shared<LabelMap>();
    inferences.emplace_back(
        [&scene, predictor, labels] { predictor->Predict(scene.frame, *labels); });
    auto trainer =
        std::make_shared<distill::Trainer>(ReadyTrainer(scene, nn::kPartialDistillation));
    steps.emplace_back([&scene, trainer] { Step(*trainer, scene); });
  }
  const Medians inference = MediansInTurns(inferences, 5, options.seconds);
  const Medians step = MediansInTurns(steps, 5, options.seconds);

  nlohmann::ordered_json json = {{"threads", MaxThreads()}, {"isa", nn::InstructionSetName()}};
  std::printf("%d thread%s, %s\n%-10s | %9s %8s %8s | %9s %8s %8s\n", MaxThreads(),
              MaxThreads() == 1 ? "" : "s", nn::InstructionSetName().c_str(), "size", "inference",
              "ns/pixel", "relative", "part.step", "ns/pixel", "relative");
  const auto per_pixel = [&](size_t i, double ms) {
    return 1e6 * ms / static_cast<double>(scenes[i]->frame.size().pixels());
  };
  for (size_t i = 0; i < scenes.size(); ++i) {
    const double inference_ms = inference.milliseconds[i], step_ms = step.milliseconds[i];
    const double inference_ns = per_pixel(i, inference_ms), step_ns = per_pixel(i, step_ms);
    const double inference_ratio = inference_ns / per_pixel(0, inference.milliseconds[0]);
    const double step_ratio = step_ns / per_pixel(0, step.milliseconds[0]);
    std::printf("%-10s | %6.2f ms %8.2f %8.2f | %6.2f ms %8.2f %8.2f\n", options.sizes[i].c_str(),
                inference_ms, inference_ns, inference_ratio, step_ms, step_ns, step_ratio);
    json["rows"].push_back({{"size", options.sizes[i]},
                            {"inference_ms", inference_ms},
                            {"inference_ns_per_pixel", inference_ns},
                            {"inference_relative", inference_ratio},
                            {"partial_step_ms", step_ms},
                            {"partial_step_ns_per_pixel", step_ns},
                            {"partial_step_relative", step_ratio}});
  }
  std::printf("other processes took %.1f %% and %.1f %% of the machine's time meanwhile\n",
              100 * inference.others, 100 * step.others);
  if (!options.json.empty()) WriteFileAtomically(options.json, json.dump(2) + "\n");
}

}  // namespace
}  // namespace shadowtutor::bench

int main(int argc, char** argv) {
  using namespace shadowtutor::bench;  // NOLINT(google-build-using-namespace)
  Options options;
  CLI::App app("What a pixel costs at which frame size");
  app.add_option("--sizes", options.sizes, "Sizes; the first is what the others are compared with")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads to use (0: all)")->capture_default_str();
  app.add_option("--seconds", options.seconds, "Time for each column, about")
      ->capture_default_str();
  AddJson(app, options.json);
  return RunBenchmark("frame_sizes", app, argc, argv, [&] { Run(options); });
}
