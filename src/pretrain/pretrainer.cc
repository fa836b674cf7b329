#include "pretrain/pretrainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <numbers>
#include <optional>
#include <utility>

#include "core/checksum.h"
#include "core/fingerprint.h"
#include "core/text.h"
#include "nn/batch_learner.h"
#include "pretrain/examples.h"
#include "pretrain/loader.h"
#include "pretrain/picture.h"
#include "pretrain/run_state.h"
#include "pretrain/validation.h"
#include "teacher/teacher_fingerprint.h"

namespace shadowtutor::pretrain {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int64_t kMostSteps = 100'000'000;
constexpr int kMostImages = 1024;
constexpr int kLeastCrop = 32, kMostCrop = 2048;
constexpr size_t kMostCrops = 8;
// Pictures are kept at this many times the longest side of a sample, because a sample may show only
// a part of a picture.
constexpr int kPicturePerCrop = 2;
constexpr size_t kLeastMemory = size_t{16} << 20;

void Validate(const PretrainOptions& o) {
  const auto require = [](bool holds, const std::string& sentence, Setting about = Setting::kNone) {
    if (!holds) throw Error(ErrorCode::kInvalidArgument, sentence, about);
  };
  require(!o.out.empty(), "name the file that the student is written to", Setting::kOutput);
  require(o.steps >= 1 && o.steps <= kMostSteps,
          "the steps must be 1 to " + std::to_string(kMostSteps));
  require(o.batch >= 1 && o.batch <= kMostImages,
          "a step takes 1 to " + std::to_string(kMostImages) + " images");
  require(!o.crops.empty() && o.crops.size() <= kMostCrops,
          "give 1 to " + std::to_string(kMostCrops) + " crop sizes");
  for (const FrameSize crop : o.crops) {
    require(std::min(crop.width, crop.height) >= kLeastCrop &&
                std::max(crop.width, crop.height) <= kMostCrop,
            "crops have " + std::to_string(kLeastCrop) + " to " + std::to_string(kMostCrop) +
                " pixels a side");
  }
  require(std::isfinite(o.learning_rate) && o.learning_rate > 0,
          "the learning rate must be a positive number");
  require(o.jaccard_weight >= 0 && o.jaccard_weight <= 1000,
          "the weight of the soft Jaccard loss must be 0 to 1000");
  require(o.warm_up >= 0 && o.warm_up < 1, "the warm-up is a share of the steps, 0 to below 1");
  require(o.checkpoint_every >= 1, "checkpoints come every 1 or more steps");
  require(o.memory_bytes >= kLeastMemory, "decoded pictures need at least 16 MiB");
  require(o.loader_threads >= 1 && o.loader_threads <= 64,
          "the number of threads that prepare samples must be 1 to 64");
}

std::string ClassNames(const ClassList& classes) {
  std::string names;
  for (const ClassInfo& info : classes) names += (names.empty() ? "" : ",") + info.name;
  return names;
}

std::string CropText(const std::vector<FrameSize>& crops) {
  std::string text;
  for (const FrameSize crop : crops) {
    if (!text.empty()) text += ",";
    text += SizeText(crop);
  }
  return text;
}

// The student to start from, with the classes of the data.
nn::Checkpoint StartStudent(const PretrainOptions& options) {
  ClassList classes;
  int background = -1;
  const bool data_has_classes =
      !options.data.classes.empty() || !options.data.teacher.empty() || options.student.empty();
  if (options.student.empty()) {
    ClassesOfData(options.data, classes, background);
    return nn::FreshStudent(nn::ScaledSpec(static_cast<int>(classes.size()), options.student_width,
                                           options.student_depth),
                            classes, background, options.seed);
  }
  nn::Checkpoint student = nn::LoadCheckpoint(options.student);
  if (!data_has_classes) return student;
  ClassesOfData(options.data, classes, background);
  const auto same = [](const ClassInfo& a, const ClassInfo& b) { return a.name == b.name; };
  if (std::equal(classes.begin(), classes.end(), student.classes.begin(), student.classes.end(),
                 same)) {
    return student;
  }
  return nn::WithFreshHead(student, classes, background, options.seed);
}

int LongestSide(const std::vector<FrameSize>& crops) {
  int longest = 0;
  for (const FrameSize crop : crops) longest = std::max({longest, crop.width, crop.height});
  return kPicturePerCrop * longest;
}

// Adds the contents of what a run learns from, in its order, to the options of the run.
void AddContents(const Examples& examples, std::map<std::string, std::string>& configuration) {
  Fingerprint images, labels, cutouts;
  const auto add = [&](const Example& example) {
    images.AddText(example.image_content);
    labels.AddText(example.label_content);
  };
  for (const uint32_t index : examples.epoch) add(examples.training[index]);
  images.AddText("for validation");
  for (const Example& example : examples.validation) add(example);
  for (const Cutout& cutout : examples.cutouts) {
    cutouts.AddText(std::to_string(cutout.class_index));
    cutouts.AddText(cutout.content);
  }
  configuration["set of images"] = images.Text();
  configuration["set of labels"] = labels.Text();
  configuration["set of cut-outs"] = cutouts.Text();
}

// Adds the teachers that label the data.
void AddTeachers(const DataSpec& data, std::map<std::string, std::string>& configuration) {
  Fingerprint cards, networks;
  for (const fs::path& card : TeachersOf(data)) {
    const teacher::TeacherFingerprint fingerprint = teacher::FingerprintOfTeacher(card);
    cards.AddText(fingerprint.card);
    networks.AddText(fingerprint.network);
  }
  configuration["teacher's card"] = cards.Text();
  configuration["teacher's network"] = networks.Text();
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

class Run {
 public:
  Run(const PretrainOptions& options, const PretrainEvents& events)
      : options_(options), events_(events), student_(StartStudent(options)) {}

  PretrainResult Do() {
    state_.configuration = Configuration();
    const std::optional<RunState> saved = options_.resume ? Saved() : std::nullopt;
    // Before a teacher labels anything.
    if (saved) CheckSameRun(*saved, state_.configuration);
    Collect();
    AddContents(examples_, state_.configuration);
    if (saved) CheckSameRun(*saved, state_.configuration);
    learner_ = std::make_unique<nn::BatchLearner>(
        student_.layout, student_.weights, nn::kFullDistillation, nn::AdamOptions{},
        nn::LossOptions{.jaccard_weight = options_.jaccard_weight});
    if (saved) {
      learner_->RestoreState(saved->learner);
      state_ = *saved;
    }
    Train();
    return Finish();
  }

 private:
  bool Stop() const { return events_.stop && events_.stop(); }

  fs::path StateFile() const { return options_.out.string() + ".state"; }

  void Collect() {
    ExampleOptions collect;
    collect.classes = student_.classes;
    collect.background = student_.background;
    collect.longest_side = longest_ = LongestSide(options_.crops);
    collect.cache =
        options_.cache.empty() ? fs::path(options_.out.string() + ".cache") : options_.cache;
    collect.stop = events_.stop;
    collect.report = events_.report;
    collect.on_labelled = events_.on_labelled;
    examples_ = CollectExamples(options_.data, collect);
    const int classes = student_.layout->spec().classes;
    const auto report = events_.report;
    pictures_ = std::make_unique<PictureCache>(
        examples_.training.size(), options_.memory_bytes / 4 * 3,
        [this, classes](size_t i) { return LoadExample(examples_.training[i], longest_, classes); },
        report);
    cutouts_ = std::make_unique<PictureCache>(
        examples_.cutouts.size(), options_.memory_bytes / 4,
        [this](size_t i) {
          const Cutout& cutout = examples_.cutouts[i];
          return LoadCutout(cutout.file, cutout.class_index, longest_ / 2);
        },
        report);
    PictureCache validation(
        examples_.validation.size(), kLeastMemory,
        [this, classes](size_t i) {
          return LoadExample(examples_.validation[i], longest_, classes);
        },
        report);
    const FrameSize crop = options_.crops.front();
    for (size_t i = 0; i < validation.size(); ++i) {
      if (Stop()) throw Error(ErrorCode::kCancelled, "stopped before the first step");
      if (const auto picture = validation.Get(i)) {
        validation_.Add(*picture, std::max(crop.width, crop.height));
      }
    }
  }

  // What is known before the data is read.
  std::map<std::string, std::string> Configuration() const {
    std::map<std::string, std::string> configuration = {
        {"classes", ClassNames(student_.classes)},
        {"student", std::to_string(FloatChecksum64(student_.weights))},
        {"batch", std::to_string(options_.batch)},
        {"crop", CropText(options_.crops)},
        {"learning rate", Number(options_.learning_rate)},
        {"weight of the Jaccard loss", Number(options_.jaccard_weight)},
        {"warm-up", Number(options_.warm_up)},
        {"number of steps", std::to_string(options_.steps)},
        {"seed", std::to_string(options_.seed)},
        {"choice of weights", options_.keep_last ? "last" : "best"},
        {"checkpoint interval", std::to_string(options_.checkpoint_every)}};
    AddTeachers(options_.data, configuration);
    return configuration;
  }

  // The state to go on from; nullopt: there is none.
  std::optional<RunState> Saved() const {
    std::error_code error;
    if (!fs::exists(StateFile(), error)) {
      if (events_.report) {
        events_.report("there is no " + StateFile().string() + " to go on from; this begins anew");
      }
      return std::nullopt;
    }
    return LoadRunState(StateFile());
  }

  void Train() {
    LoaderOptions load;
    load.seed = options_.seed;
    load.batch = options_.batch;
    load.crops = options_.crops;
    load.classes = student_.layout->spec().classes;
    load.augment.background = student_.background;
    load.threads = options_.loader_threads;
    if (state_.steps >= options_.steps) return;
    Loader loader(*pictures_, examples_.epoch, *cutouts_, load, state_.steps);
    const int64_t first = state_.steps;
    const auto start = Clock::now();
    Clock::duration validating{};
    while (state_.steps < options_.steps && !Stop()) {
      const Batch batch = loader.Next();
      const auto samples = batch.training();
      const double rate = LearningRateAt(options_, state_.steps);
      const double loss = learner_->LossAndGradient(samples);
      if (!std::isfinite(loss)) {
        throw Error(ErrorCode::kInternal,
                    "training diverged at step " + std::to_string(state_.steps) +
                        "; take a lower learning rate, or go on from the last checkpoint",
                    Setting::kLearningRate);
      }
      learner_->AdamStep(rate);
      ++state_.steps;
      ++recent_losses_;
      recent_loss_ += loss;
      const auto now = Clock::now();
      if (events_.on_step) {
        const double seconds = std::chrono::duration<double>(now - start - validating).count();
        const auto done = static_cast<double>(state_.steps - first);
        events_.on_step({state_.steps, options_.steps, recent_loss_ / recent_losses_, rate,
                         done * options_.batch / seconds,
                         seconds / done * static_cast<double>(options_.steps - state_.steps)});
      }
      if (state_.steps % options_.checkpoint_every == 0 || state_.steps == options_.steps) {
        CheckPoint();
        validating += Clock::now() - now;
      }
    }
  }

  void CheckPoint() {
    PretrainValidation validation{state_.steps, recent_loss_ / std::max(1, recent_losses_), -1,
                                  false};
    recent_loss_ = 0;
    recent_losses_ = 0;
    const auto weights = learner_->weights();
    if (validation_.size() > 0) {
      validation.metric = validation_.MeanIoU(*student_.layout, weights);
    }
    const bool last = options_.keep_last || validation_.size() == 0;
    if (last || validation.metric > state_.best_metric) {
      validation.best = !last;
      state_.best_metric = validation.metric;
      state_.best_step = state_.steps;
      state_.best.assign(weights.begin(), weights.end());
      WriteStudent();
    }
    SaveState();
    if (events_.on_validation) events_.on_validation(validation);
  }

  void SaveState() {
    learner_->SaveState(state_.learner);
    SaveRunState(state_, StateFile());
  }

  void WriteStudent() {
    student_.weights = state_.best;
    nn::SaveCheckpoint(student_, options_.out, options_.weight_type);
  }

  PretrainResult Finish() {
    PretrainResult result;
    result.stopped = state_.steps < options_.steps;
    if (result.stopped) SaveState();
    // If the run ended before its first checkpoint, the present weights are written.
    if (state_.best.empty()) {
      const auto weights = learner_->weights();
      state_.best.assign(weights.begin(), weights.end());
      state_.best_step = state_.steps;
    }
    WriteStudent();
    result.steps = state_.steps;
    result.best_metric = state_.best_metric;
    result.best_step = state_.best_step;
    result.training_images = examples_.training.size();
    result.validation_images = validation_.size();
    result.cutouts = examples_.cutouts.size();
    result.student = student_;
    return result;
  }

  const PretrainOptions& options_;
  const PretrainEvents& events_;
  nn::Checkpoint student_;
  Examples examples_;
  int longest_ = 0;
  std::unique_ptr<PictureCache> pictures_, cutouts_;
  ValidationSet validation_;
  std::unique_ptr<nn::BatchLearner> learner_;
  RunState state_;
  double recent_loss_ = 0;
  int recent_losses_ = 0;
};

}  // namespace

double LearningRateAt(const PretrainOptions& options, int64_t step) {
  // The cosine would reach 0 one step after the last, so that the last step still has an effect.
  const double warm = std::max(1.0, options.warm_up * static_cast<double>(options.steps));
  const auto at = static_cast<double>(step);
  if (at + 1 < warm) return options.learning_rate * (at + 1) / warm;
  const double left = std::max(1.0, static_cast<double>(options.steps) - warm + 1);
  const double share = std::clamp((at - warm + 1) / left, 0.0, 1.0);
  return options.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * share));
}

PretrainResult Pretrain(const PretrainOptions& options, const PretrainEvents& events) {
  Validate(options);
  return Run(options, events).Do();
}

}  // namespace shadowtutor::pretrain
