// Compares the engine with the same network in libtorch, in one process and in turns: prediction,
// and one step of partial and of full distillation (loss, backward pass, Adam, next forward pass,
// mIoU), each in both arithmetics (nn/arithmetic.h).
//
// libtorch runs once as the original authors' program does and once as fast as it can be made
// (torch_student.h); before the second part the allocator is tuned as well: it then keeps memory
// that it got from the system. By default it returns every large tensor's memory and gets it again,
// with a page fault for every page. The engine allocates nothing in these loops.
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <climits>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmark_main.h"
#include "core/atomic_file.h"
#include "core/parallel.h"
#include "distill/trainer.h"
#include "executed_count.h"
#include "machine_peak.h"
#include "nn/arithmetic.h"
#include "nn/kernels/isa.h"
#include "nn/operation_count.h"
#include "nn/predictor.h"
#include "scene.h"
#include "timing.h"
#include "torch_student.h"

namespace shadowtutor::bench {
namespace {

struct Options {
  std::string size = "1280x720", json;
  int classes = 9;
  double seconds = 8;
  std::vector<int> threads = {1, 2};
  bool tune_allocator_first = false;
};

// One kind of work, and how much arithmetic it takes.
struct Work {
  std::string name;
  nn::Stage cut;  // kNoStage: prediction
  nn::Arithmetic arithmetic = nn::Arithmetic::kReference;
  double executed = 0, published = 0;  // multiply-adds
};

struct Row {
  std::string work, rival;
  int threads = 0;
  double ours_ms = 0, rival_ms = 0;
  double executed = 0, published = 0;
  double others = 0;  // see Medians
};

void TuneAllocator() {
  mallopt(M_MMAP_MAX, 0);              // large blocks come from the heap, too,
  mallopt(M_TRIM_THRESHOLD, INT_MAX);  // which never shrinks
  mallopt(M_TOP_PAD, 256 << 20);       // and grows by a lot
  mallopt(M_ARENA_MAX, 1);             // and is one
}

distill::Trainer MakeTrainer(const Scene& scene, const Work& work, double learning_rate) {
  distill::TrainerOptions options;
  options.cut = work.cut;
  options.arithmetic = work.arithmetic;
  options.adam.learning_rate = learning_rate;
  return ReadyTrainer(scene, options);
}

// Throws unless engine and libtorch agree, since otherwise the comparison would be meaningless.
void CheckAgreement(const Scene& scene, const Work& work, TorchStyle style) {
  const auto require = [&](bool holds, const std::string& what) {
    if (!holds) {
      throw Error(ErrorCode::kInternal, work.name + ": libtorch and the engine disagree about " +
                                            what + "; there is no point in timing them");
    }
  };
  TorchStudent torch(scene.student, style, work.cut, kLearningRate);
  if (work.cut == nn::kNoStage) {
    nn::Predictor predictor(nn::PackWeights(scene.student.layout, scene.student.weights));
    LabelMap ours, theirs;
    predictor.Predict(scene.frame, ours);
    torch.Predict(scene.frame, theirs);
    size_t differing = 0;
    for (size_t i = 0; i < ours.labels().size(); ++i) {
      differing += ours.labels()[i] != theirs.labels()[i];
    }
    std::printf("  labels that differ: %zu of %zu\n", differing, ours.labels().size());
    require(static_cast<double>(differing) < 1e-3 * static_cast<double>(ours.labels().size()),
            "more than a thousandth of the labels");
    return;
  }
  // A rate at which the second loss depends on the first step's gradients.
  constexpr double kRate = 1e-3;
  TorchStudent moving(scene.student, style, work.cut, kRate);
  distill::Trainer trainer = MakeTrainer(scene, work, kRate);
  moving.SetKeyFrame(scene.frame, scene.label, scene.pixel_weights);
  for (int step = 0; step < 3; ++step) {
    const auto ours = Step(trainer, scene);
    const auto theirs = moving.Step();
    std::printf("  step %d: loss %.6f and %.6f, mIoU %.5f and %.5f\n", step + 1, ours.loss,
                theirs.loss, ours.metric, theirs.miou);
    // Fast arithmetic rounds more. A few other labels are enough for a class more or less in the
    // prediction, over which the mIoU is a mean.
    const bool coarse = work.arithmetic == nn::Arithmetic::kFast;
    const double bound = coarse ? 3e-2 : 5e-3;
    require(std::abs(ours.loss - theirs.loss) < bound * theirs.loss, "the loss");
    require(std::abs(ours.metric - theirs.miou) < bound, "the mIoU");
  }
}

std::function<void()> Ours(const Scene& scene, const Work& work) {
  auto labels = std::make_shared<LabelMap>();
  if (work.cut == nn::kNoStage) {
    auto predictor = std::make_shared<nn::Predictor>(
        nn::PackWeights(scene.student.layout, scene.student.weights));
    return [&scene, predictor, labels] { predictor->Predict(scene.frame, *labels); };
  }
  auto trainer = std::make_shared<distill::Trainer>(MakeTrainer(scene, work, kLearningRate));
  return [&scene, trainer] { Step(*trainer, scene); };
}

std::function<void()> Theirs(const Scene& scene, const Work& work, TorchStyle style) {
  auto torch = std::make_shared<TorchStudent>(scene.student, style, work.cut, kLearningRate);
  if (work.cut == nn::kNoStage) {
    auto labels = std::make_shared<LabelMap>();
    return [&scene, torch, labels] { torch->Predict(scene.frame, *labels); };
  }
  torch->SetKeyFrame(scene.frame, scene.label, scene.pixel_weights);
  return [torch] { torch->Step(); };
}

void PrintTable(const std::vector<Row>& rows, const std::map<int, double>& peaks) {
  std::printf("\n%-23s %-10s %7s %9s %9s %7s %9s %7s %11s %8s\n", "work", "rival", "threads",
              "ours ms", "rival ms", "ratio", "GFLOP/s", "peak %", "published %", "others %");
  for (const Row& row : rows) {
    const double rate = row.executed / row.ours_ms * 1e3, peak = peaks.at(row.threads);
    std::printf("%-23s %-10s %7d %9.2f %9.1f %7.1f %9.0f %7.1f %11.1f %8.1f\n", row.work.c_str(),
                row.rival.c_str(), row.threads, row.ours_ms, row.rival_ms,
                row.rival_ms / row.ours_ms, 2e-9 * rate, 100 * rate / peak,
                100 * row.published / row.ours_ms * 1e3 / peak, 100 * row.others);
  }
  std::printf(
      "GFLOP/s and peak %%: multiply-adds really executed, and their share of the machine's peak;\n"
      "published %%: the same for those of the network as it is published; others %%: of the "
      "machine's\n"
      "time, what other processes took meanwhile (a row with more than a few is not to be "
      "trusted).\n");
}

void WriteJson(const std::string& path, const Options& options, const std::vector<Row>& rows,
               const std::map<int, double>& peaks) {
  nlohmann::ordered_json json = {{"size", options.size},
                                 {"classes", options.classes},
                                 {"isa", nn::InstructionSetName()},
                                 {"torch", TorchDescription()}};
  for (const auto& [threads, peak] : peaks) {
    json["peak_gflops"][std::to_string(threads)] = 2e-9 * peak;
  }
  for (const Row& row : rows) {
    const double rate = row.executed / row.ours_ms * 1e3;
    json["rows"].push_back(
        {{"work", row.work},
         {"rival", row.rival},
         {"threads", row.threads},
         {"ours_ms", row.ours_ms},
         {"rival_ms", row.rival_ms},
         {"ratio", row.rival_ms / row.ours_ms},
         {"executed_mmac", 1e-6 * row.executed},
         {"published_mmac", 1e-6 * row.published},
         {"peak_share", rate / peaks.at(row.threads)},
         {"published_peak_share", row.published / row.ours_ms * 1e3 / peaks.at(row.threads)},
         {"others_share", row.others}});
  }
  WriteFileAtomically(path, json.dump(2) + "\n");
}

void Run(const Options& options) {
  const FrameSize size = ParseSize(options.size);
  const Scene scene(size, options.classes);
  const nn::NetworkSpec& spec = scene.student.layout->spec();
  using enum nn::Arithmetic;
  const auto step = [&](const char* name, nn::Stage cut, nn::Arithmetic arithmetic) {
    return Work{name, cut, arithmetic, ExecutedStep(spec, size, cut, arithmetic),
                PublishedStep(spec, size, cut)};
  };
  const std::vector<Work> works = {
      {"inference", nn::kNoStage, kReference, ExecutedInference(spec, size),
       nn::PublishedMultiplyAdds(spec, size)},
      step("partial step, reference", nn::kPartialDistillation, kReference),
      step("partial step, fast", nn::kPartialDistillation, kFast),
      step("full step, reference", nn::kFullDistillation, kReference),
      step("full step, fast", nn::kFullDistillation, kFast)};
  std::map<int, PeakMeter> meters;
  for (const int threads : options.threads) meters.emplace(threads, PeakMeter(threads));
  std::printf("%s, %d classes, %s; %s\n", options.size.c_str(), options.classes,
              nn::InstructionSetName().c_str(), TorchDescription().c_str());

  if (options.tune_allocator_first) TuneAllocator();
  std::vector<Row> rows;
  for (const TorchStyle style : {TorchStyle::kPublished, TorchStyle::kTuned}) {
    const char* rival = style == TorchStyle::kTuned ? "tuned" : "published";
    if (style == TorchStyle::kTuned) TuneAllocator();
    for (const Work& work : works) {
      std::printf("%s against libtorch as %s:\n", work.name.c_str(), rival);
      SetTorchThreads(*std::max_element(options.threads.begin(), options.threads.end()));
      CheckAgreement(scene, work, style);
      const std::vector<std::function<void()>> both = {Ours(scene, work),
                                                       Theirs(scene, work, style)};
      for (const int threads : options.threads) {
        const ThreadLimit limit(threads);
        SetTorchThreads(threads);
        PeakMeter& meter = meters.at(threads);
        meter.Sample();
        const Medians medians = MediansInTurns(both, 3, options.seconds);
        meter.Sample();
        const double ours = medians.milliseconds[0], theirs = medians.milliseconds[1];
        rows.push_back({work.name, rival, threads, ours, theirs, work.executed, work.published,
                        medians.others});
        std::printf("  %d thread%s: %.2f ms and %.1f ms\n", threads, threads == 1 ? "" : "s", ours,
                    theirs);
        std::fflush(stdout);
      }
    }
  }
  std::map<int, double> peaks;
  std::printf("\npeak of the multipliers:");
  for (const auto& [threads, meter] : meters) {
    peaks[threads] = meter.multiply_adds();
    std::printf(" %.0f GFLOP/s on %d thread%s%s", 2e-9 * meter.multiply_adds(), threads,
                threads == 1 ? "" : "s", threads == meters.rbegin()->first ? "\n" : ",");
  }
  PrintTable(rows, peaks);
  if (!options.json.empty()) WriteJson(options.json, options, rows, peaks);
}

}  // namespace
}  // namespace shadowtutor::bench

int main(int argc, char** argv) {
  using namespace shadowtutor::bench;  // NOLINT(google-build-using-namespace)
  Options options;
  CLI::App app("The engine against the same network in libtorch");
  AddSize(app, options.size);
  app.add_option("--classes", options.classes, "Classes")
      ->check(CLI::Range(2, shadowtutor::kMaxClasses))
      ->capture_default_str();
  AddThreadCounts(app, options.threads);
  app.add_option("--seconds", options.seconds, "Time for each row, about")->capture_default_str();
  app.add_flag("--tune-allocator-first", options.tune_allocator_first,
               "Tune the allocator for the published program, too, to tell its part in the time");
  AddJson(app, options.json);
  return RunBenchmark("versus_torch", app, argc, argv, [&] { Run(options); });
}
