// Pre-training: trains a student on labelled images before it is used on videos. Not for training
// on key frames, which is distill/trainer.h.
#ifndef SHADOWTUTOR_PRETRAIN_PRETRAINER_H_
#define SHADOWTUTOR_PRETRAIN_PRETRAINER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "nn/checkpoint_io.h"
#include "pretrain/pretrain_options.h"
#include "pretrain/ranks.h"

namespace shadowtutor::pretrain {

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

/// The same, shared by several processes, each of which calls it with the same options and files
/// and its own `ranks`; the student is the same for any number of them. They may have a cache
/// folder in common, or one each. Rank 0 alone reads and writes `out` and its state. Only
/// `events.stop` and `events.report` need be given on other ranks; when `stop` of one returns true,
/// all stop. After an Error, call ranks.Fail, so that the other ranks end, too. Throws also
/// kInvalidArgument for fewer images per step than ranks, kFailedPrecondition when the ranks have
/// other options or files or another instruction set, and as the functions of Ranks.
PretrainResult Pretrain(const PretrainOptions& options, const PretrainEvents& events, Ranks& ranks);

/// The learning rate of a step; `step` counts from 0.
double LearningRateAt(const PretrainOptions& options, int64_t step);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_PRETRAINER_H_
