// Pre-training: a student learns from labelled images before it meets its first video.
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
  std::filesystem::path student;  // to start from; empty: fresh weights
  double student_width = 1;       // of fresh weights
  int student_depth = 1;          // of fresh weights
  std::filesystem::path out;      // .safetensors; the run's state is OUT.state, labels OUT.cache/
  nn::WeightType weight_type = nn::WeightType::kF32;
  std::filesystem::path cache;  // of teachers' labels; empty: OUT.cache

  int64_t steps = 10'000;
  int batch = 16;
  std::vector<FrameSize> crops = {{320, 240}};
  double learning_rate = 0.002;  // the schedule's highest
  double warm_up = 0.03;         // of all steps
  uint64_t seed = 1;
  int64_t checkpoint_every = 500;  // steps between validations, and states on disk
  bool resume = false;
  size_t memory_bytes = size_t{1} << 30;  // for decoded pictures
  int loader_threads = 2;
};

struct PretrainProgress {
  int64_t step = 0, steps = 0;
  double loss = 0;  // mean of the last steps
  double learning_rate = 0;
  double images_per_second = 0;
  double seconds_left = -1;  // -1: unknown
};

struct PretrainValidation {
  int64_t step = 0;
  double loss = 0;
  double metric = -1;  // mean mIoU; -1: there are no validation images
  bool best = false;
};

/// What happens meanwhile; any may be empty. Called from the thread that runs Pretrain, but
/// `report` from any.
struct PretrainEvents {
  std::function<bool()> stop;  // asked between steps and files
  std::function<void(const std::string& line)> report;
  std::function<void(int64_t done, int64_t total)> on_labelled;
  std::function<void(const PretrainProgress&)> on_step;
  std::function<void(const PretrainValidation&)> on_validation;
};

struct PretrainResult {
  int64_t steps = 0;
  bool stopped = false;     // `stop` said so; a run with `resume` goes on
  double best_metric = -1;  // -1: nothing to validate with
  int64_t best_step = 0;    // the student that was written is the one after that step
  size_t training_images = 0, validation_images = 0, cutouts = 0;
  nn::Checkpoint student;
};

/// Trains all of the student, and writes the best by validation (the last, where there are no
/// images for validation) to `out`. Gradients are averaged over a batch, Adam's learning rate rises
/// in the warm-up and falls as a cosine. The same options and files give the same student, also
/// when the run was interrupted in between, whatever the number of threads.
/// Throws Error for options out of range and data that cannot be used.
PretrainResult Pretrain(const PretrainOptions& options, const PretrainEvents& events);

/// The learning rate of step `step` (from 0) of `steps`.
double LearningRateAt(const PretrainOptions& options, int64_t step);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_PRETRAINER_H_
