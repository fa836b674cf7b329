#include "app/device_benchmark.h"

#include <sys/resource.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "app/median.h"
#include "core/parallel.h"
#include "core/text.h"
#include "distill/policy.h"
#include "distill/scene_change.h"
#include "distill/trainer.h"
#include "nn/kernels/isa.h"
#include "nn/operation_count.h"
#include "nn/predictor.h"

namespace shadowtutor::app {
namespace {

using Clock = std::chrono::steady_clock;

void Check(const DeviceBenchmarkOptions& options) {
  const FrameSize size = options.size;
  if (size.width < 1 || size.height < 1 || size.width > kMaxFrameSide ||
      size.height > kMaxFrameSide || size.pixels() > kMaxFramePixels) {
    throw Error(ErrorCode::kInvalidArgument, "a frame has 1 to " + std::to_string(kMaxFrameSide) +
                                                 " pixels a side, not " + SizeText(size));
  }
  if (options.threads < 0 || options.threads > 1024) {
    throw Error(ErrorCode::kInvalidArgument,
                "the number of threads must be 1 to 1024, or 0 for all that the machine has");
  }
}

// Draws a frame with edges and texture, and its label.
Image SyntheticFrame(FrameSize size, LabelMap& label, int classes) {
  Image frame(size.width, size.height);
  label.Resize(size);
  uint32_t noise = 1;
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const int patch = x / 64 + y / 64;
      for (int c = 0; c < 3; ++c) {
        noise = noise * 1664525u + 1013904223u;
        frame.row(y)[3 * x + c] =
            static_cast<uint8_t>((patch * (37 + 11 * c)) % 192 + static_cast<int>(noise >> 26));
      }
      label.at(x, y) = static_cast<uint8_t>(patch % classes);
    }
  }
  return frame;
}

nn::Checkpoint Fresh(int count) {
  ClassList classes(static_cast<size_t>(count));
  for (size_t i = 0; i < classes.size(); ++i) classes[i].name = "class " + std::to_string(i);
  return nn::FreshStudent(classes, count - 1, 1);
}

template <typename Work>
double MedianMilliseconds(const DeviceBenchmarkOptions& options, const Work& work) {
  constexpr int kWarmUp = 3, kLeast = 10;
  Median median;
  const auto begin = Clock::now();
  for (int i = 0;; ++i) {
    if (options.interrupted && options.interrupted()) {
      throw Error(ErrorCode::kCancelled, "stopped before the benchmark was done");
    }
    const auto start = Clock::now();
    work();
    const auto end = Clock::now();
    if (i >= kWarmUp) {
      median.Add(std::chrono::duration<double, std::milli>(end - start).count());
    }
    if (i >= kWarmUp + kLeast &&
        std::chrono::duration<double>(end - begin).count() > options.seconds) {
      return *median.Value();
    }
  }
}

double PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

}  // namespace

DeviceBenchmark RunDeviceBenchmark(const DeviceBenchmarkOptions& options) {
  Check(options);
  std::optional<ThreadLimit> limit;
  if (options.threads > 0) limit.emplace(options.threads);
  const nn::Checkpoint student = options.student ? *options.student : Fresh(options.classes);
  LabelMap label;
  const Image frame = SyntheticFrame(options.size, label, student.layout->spec().classes);

  DeviceBenchmark result;
  result.size = options.size;
  result.threads = MaxThreads();
  result.isa = nn::InstructionSetName();
  {
    nn::Predictor predictor(nn::PackWeights(student.layout, student.weights));
    LabelMap labels;
    result.inference_ms = MedianMilliseconds(options, [&] { predictor.Predict(frame, labels); });
  }
  {
    distill::SceneChange change;
    change.SetReference(frame);
    double share = 0;  // used, so that the work is not left out
    result.scene_change_ms = MedianMilliseconds(options, [&] { share += change.Share(frame); });
    if (share != 0) throw Error(ErrorCode::kInternal, "a frame differs from itself");
  }
  result.inference_gflops =
      2e-6 * nn::PublishedMultiplyAdds(student.layout->spec(), options.size) / result.inference_ms;
  const std::vector<float> weights(label.labels().size(), 1.0f);
  const auto step_ms = [&](const distill::TrainerOptions& training) {
    distill::Trainer trainer(student, training);
    trainer.learner().SetFrame(frame);
    trainer.learner().Predict();
    return MedianMilliseconds(options, [&] { trainer.Step(label, weights); });
  };
  result.partial_step_ms = step_ms({.cut = options.partial_cut, .adam = {}});
  if (options.all_steps) {
    result.balanced_step_ms = step_ms(distill::FindPolicy("balanced").trainer);
    result.full_step_ms =
        step_ms({.cut = nn::kFullDistillation, .arithmetic = nn::Arithmetic::kFast, .adam = {}});
  }
  result.peak_rss_mb = PeakMegabytes();
  return result;
}

std::string ToJson(const DeviceBenchmark& r) {
  const nlohmann::ordered_json json = {{"inference_ms", r.inference_ms},
                                       {"scene_change_ms", r.scene_change_ms},
                                       {"partial_step_ms", r.partial_step_ms},
                                       {"balanced_step_ms", r.balanced_step_ms},
                                       {"full_step_ms", r.full_step_ms},
                                       {"threads", r.threads},
                                       {"size", SizeText(r.size)},
                                       {"isa", r.isa},
                                       {"peak_rss_mb", r.peak_rss_mb},
                                       {"inference_fps", 1000 / r.inference_ms},
                                       {"inference_gflops", r.inference_gflops}};
  return json.dump(2) + "\n";
}

std::string ToText(const DeviceBenchmark& r) {
  return Format(
      "student at %s, %d thread%s, %s\n"
      "  inference                %8.2f ms  %7.1f frames/s  %.0f GFLOP/s of the published "
      "network\n"
      "  change of the picture    %8.3f ms  %7.1f %% of an inference\n"
      "  step of the paper's policy%7.2f ms  %7.1f steps/s\n"
      "  step of balanced         %8.2f ms  %7.1f steps/s\n"
      "  step of all stages       %8.2f ms  %7.1f steps/s\n"
      "  peak memory of them all  %8.0f MB\n",
      SizeText(r.size).c_str(), r.threads, r.threads == 1 ? "" : "s", r.isa.c_str(), r.inference_ms,
      1000 / r.inference_ms, r.inference_gflops, r.scene_change_ms,
      100 * r.scene_change_ms / r.inference_ms, r.partial_step_ms, 1000 / r.partial_step_ms,
      r.balanced_step_ms, 1000 / r.balanced_step_ms, r.full_step_ms, 1000 / r.full_step_ms,
      r.peak_rss_mb);
}

}  // namespace shadowtutor::app
