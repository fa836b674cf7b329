// Pre-training: trains a student on labelled images before it is used on videos. Not for training
// on key frames, which is distill/trainer.h.
#ifndef SHADOWTUTOR_PRETRAIN_PRETRAINER_H_
#define SHADOWTUTOR_PRETRAIN_PRETRAINER_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nn/checkpoint_io.h"
#include "nn/network.h"
#include "pretrain/data_spec.h"
#include "shadowtutor/types.h"

namespace shadowtutor::pretrain {

struct PretrainOptions {
  DataSpec data;
  std::filesystem::path student;  // the student to start from; empty: a fresh one
  double student_width = 1;       // of a fresh student (nn::ScaledSpec)
  int student_depth = 1;          // of a fresh student (nn::ScaledSpec)
  std::filesystem::path out;      // the .safetensors file to write; the run's state is OUT.state
  nn::WeightType weight_type = nn::WeightType::kF32;
  std::filesystem::path cache;  // folder for labels and frames; empty: OUT.cache

  int64_t steps = 10'000;
  int batch = 16;
  std::vector<FrameSize> crops = {{320, 240}};
  double learning_rate = 0.002;  // the highest of the schedule
  double jaccard_weight = 0;     // of the soft Jaccard loss beside the cross entropy, 0 to 1000
  double warm_up = 0.03;         // share of the steps in which the learning rate rises
  uint64_t seed = 1;
  int64_t checkpoint_every = 500;         // steps from one validation and saved state to the next
  bool keep_last = false;                 // write the last weights, not the best in validation
  bool resume = false;                    // continue from OUT.state if it exists
  size_t memory_bytes = size_t{1} << 30;  // for decoded pictures
  int loader_threads = 2;
};

struct PretrainProgress {
  int64_t step = 0, steps = 0;
  double loss = 0;  // mean since the last validation
  double learning_rate = 0;
  double images_per_second = 0;
  double seconds_left = -1;  // -1: unknown
};

struct PretrainValidation {
  int64_t step = 0;
  double loss = 0;     // mean since the last validation
  double metric = -1;  // mean mIoU; -1: there are no validation images
  bool best = false;   // whether the metric is the highest so far
};

/// Callbacks during a run; each may be empty. They are called on the thread that runs Pretrain, but
/// `report` on any thread.
struct PretrainEvents {
  std::function<bool()> stop;  // asked between steps and files; true stops the run
  std::function<void(const std::string& line)> report;
  std::function<void(int64_t done, int64_t total)> on_labelled;
  std::function<void(const PretrainProgress&)> on_step;
  std::function<void(const PretrainValidation&)> on_validation;
};

struct PretrainResult {
  int64_t steps = 0;
  bool stopped = false;     // whether `stop` ended the run; a run with `resume` continues it
  double best_metric = -1;  // of the written student; -1: there are no validation images
  int64_t best_step = 0;    // the number of steps after which that student was saved
  size_t training_images = 0, validation_images = 0, cutouts = 0;
  nn::Checkpoint student;
};

/// Trains all stages of a student and writes it to `out`: the one with the highest metric in
/// validation, or the last one with `keep_last` or if there are no images for validation. Gradients
/// are averaged over a batch; Adam's learning rate rises during the warm-up and then falls along a
/// cosine. The same options and files give the same student for any number of threads, also if the
/// run was interrupted and resumed. Throws Error for options out of range and for data that cannot
/// be used.
PretrainResult Pretrain(const PretrainOptions& options, const PretrainEvents& events);

/// The learning rate of a step; `step` counts from 0.
double LearningRateAt(const PretrainOptions& options, int64_t step);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_PRETRAINER_H_
