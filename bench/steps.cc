// Times a prediction and distillation steps in both arithmetics (nn/arithmetic.h), in turns: the
// full step, and that of the default policy, which trains a part of the student with the soft
// Jaccard loss. A step is loss, backward pass, Adam, next forward pass and mIoU.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmark_main.h"
#include "core/atomic_file.h"
#include "core/parallel.h"
#include "distill/policy.h"
#include "distill/trainer.h"
#include "nn/kernels/isa.h"
#include "nn/predictor.h"
#include "scene.h"
#include "timing.h"

namespace shadowtutor::bench {
namespace {

struct Options {
  std::string size = "1280x720", json;
  std::vector<int> threads = {1, 2};
  double seconds = 10;
  std::string only;
};

std::function<void()> StepOf(const Scene& scene, distill::TrainerOptions options,
                             nn::Arithmetic arithmetic) {
  options.arithmetic = arithmetic;
  options.adam.learning_rate = kLearningRate;
  auto trainer = std::make_shared<distill::Trainer>(ReadyTrainer(scene, options));
  return [&scene, trainer] { Step(*trainer, scene); };
}

void Run(const Options& options) {
  const Scene scene(ParseSize(options.size));
  auto predictor =
      std::make_shared<nn::Predictor>(nn::PackWeights(scene.student.layout, scene.student.weights));
  auto labels = std::make_shared<LabelMap>();
  const distill::TrainerOptions full = {.cut = nn::kFullDistillation, .adam = {}};
  const distill::TrainerOptions usual = distill::FindPolicy("balanced").trainer;
  std::vector<std::string> names = {"prediction", "full step", "full step, fast",
                                    "balanced's step, reference", "balanced's step"};
  std::vector<std::function<void()>> works = {[&] { predictor->Predict(scene.frame, *labels); },
                                              StepOf(scene, full, nn::Arithmetic::kReference),
                                              StepOf(scene, full, nn::Arithmetic::kFast),
                                              StepOf(scene, usual, nn::Arithmetic::kReference),
                                              StepOf(scene, usual, nn::Arithmetic::kFast)};
  for (size_t i = names.size(); i-- > 0;) {
    if (options.only.empty() || names[i] == options.only) continue;
    names.erase(names.begin() + static_cast<std::ptrdiff_t>(i));
    works.erase(works.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (works.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "no work is called '" + options.only + "'");
  }
  nlohmann::ordered_json json = {{"size", options.size}, {"isa", nn::InstructionSetName()}};
  std::printf("%s, %s; milliseconds\n%-28s", options.size.c_str(), nn::InstructionSetName().c_str(),
              "threads");
  std::vector<Medians> all;
  for (const int threads : options.threads) {
    const ThreadLimit limit(threads);
    all.push_back(MediansInTurns(works, 5, options.seconds));
    std::printf(" %8d", threads);
  }
  for (size_t i = 0; i < works.size(); ++i) {
    std::printf("\n%-28s", names[i].c_str());
    for (size_t t = 0; t < all.size(); ++t) {
      std::printf(" %8.2f", all[t].milliseconds[i]);
      json["milliseconds"][names[i]][std::to_string(options.threads[t])] = all[t].milliseconds[i];
    }
  }
  std::printf("\n%-28s", "others' share of time, %");
  for (const Medians& medians : all) std::printf(" %8.1f", 100 * medians.others);
  std::printf("\n");
  if (!options.json.empty()) WriteFileAtomically(options.json, json.dump(2) + "\n");
}

}  // namespace
}  // namespace shadowtutor::bench

int main(int argc, char** argv) {
  using namespace shadowtutor::bench;  // NOLINT(google-build-using-namespace)
  Options options;
  CLI::App app("A prediction and distillation steps, in both arithmetics");
  AddSize(app, options.size);
  AddThreadCounts(app, options.threads);
  app.add_option("--seconds", options.seconds, "Time for each thread count, about")
      ->capture_default_str();
  app.add_option("--only", options.only, "Only the work of this name");
  AddJson(app, options.json);
  return RunBenchmark("steps", app, argc, argv, [&] { Run(options); });
}
