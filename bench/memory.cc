// Measures the peak resident memory of processes that each do one thing only: predict, predict
// while an update is prepared, train partially, or train fully.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "benchmark_main.h"
#include "core/atomic_file.h"
#include "distill/trainer.h"
#include "nn/predictor.h"
#include "scene.h"

namespace shadowtutor::bench {
namespace {

// The frame that any such program holds. Nothing else is made, because its memory would be counted.
Image PlainFrame(FrameSize size) {
  Image frame(size.width, size.height);
  for (size_t i = 0; i < frame.bytes().size(); ++i) {
    frame.bytes()[i] = static_cast<uint8_t>(i * 2654435761u >> 24);
  }
  return frame;
}

nn::Checkpoint Student() { return nn::RandomData(1).Student(nn::NetworkSpec()); }

void Predict(FrameSize size, bool updates) {
  const Image frame = PlainFrame(size);
  const nn::Checkpoint student = Student();
  auto weights = nn::PackWeights(student.layout, student.weights);
  nn::Predictor predictor(weights);
  LabelMap labels;
  for (int i = 0; i < 4; ++i) {
    predictor.Predict(frame, labels);
    if (!updates) continue;
    weights = nn::RepackWeights(*weights, student.weights, nn::kPartialDistillation);
    predictor.SetWeights(weights);
  }
}

void Train(FrameSize size, nn::Stage cut, nn::Arithmetic arithmetic) {
  const Image frame = PlainFrame(size);
  const nn::Checkpoint student = Student();
  const LabelMap label(size.width, size.height, 1);
  const std::vector<float> pixel_weights(label.labels().size(), 1.0f);
  distill::Trainer trainer(student, {.cut = cut, .arithmetic = arithmetic, .adam = {}});
  trainer.learner().SetFrame(frame);
  for (int i = 0; i < 3; ++i) trainer.Step(label, pixel_weights);
}

// Megabytes (2^20 bytes) at the peak of a fresh process of this program that does `work`.
double PeakOf(const std::string& work, const std::string& size) {
  const pid_t child = fork();
  if (child < 0) throw Error(ErrorCode::kResourceExhausted, "no child process could be started");
  if (child == 0) {
    execl("/proc/self/exe", "memory", "--size", size.c_str(), "--only", work.c_str(),
          static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child || status != 0) {
    throw Error(ErrorCode::kInternal, "the process that should " + work + " failed");
  }
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

const char* const kWorks[] = {"nothing",        "predict",    "predict_with_updates",
                              "train_partial",  "train_full", "train_partial_fast",
                              "train_full_fast"};

void Do(const std::string& work, FrameSize size) {
  const auto arithmetic =
      work.ends_with("_fast") ? nn::Arithmetic::kFast : nn::Arithmetic::kReference;
  if (work == "predict" || work == "predict_with_updates") {
    Predict(size, work == "predict_with_updates");
  } else if (work.starts_with("train_partial")) {
    Train(size, nn::kPartialDistillation, arithmetic);
  } else if (work.starts_with("train_full")) {
    Train(size, nn::kFullDistillation, arithmetic);
  }
}

void Run(const std::string& size, const std::string& json_path) {
  nlohmann::ordered_json json = {{"size", size}};
  std::printf("%s, peak resident memory of a process that does\n", size.c_str());
  for (const char* work : kWorks) {
    const double megabytes = PeakOf(work, size);
    json["peak_rss_mb"][work] = megabytes;
    std::printf("  %-22s %7.1f MB\n", work, megabytes);
  }
  if (!json_path.empty()) WriteFileAtomically(json_path, json.dump(2) + "\n");
}

}  // namespace
}  // namespace shadowtutor::bench

int main(int argc, char** argv) {
  std::string size = "1280x720", json, only;
  CLI::App app("Peak memory of processes that predict or train");
  shadowtutor::bench::AddSize(app, size);
  shadowtutor::bench::AddJson(app, json);
  app.add_option("--only", only, "Do this in this very process and print nothing");
  return shadowtutor::bench::RunBenchmark("memory", app, argc, argv, [&] {
    if (only.empty()) {
      shadowtutor::bench::Run(size, json);
    } else {
      shadowtutor::bench::Do(only, shadowtutor::bench::ParseSize(size));
    }
  });
}
