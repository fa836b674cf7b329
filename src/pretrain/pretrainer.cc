#include "pretrain/pretrainer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>
#include <tuple>
#include <utility>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "nn/batch_learner.h"
#include "nn/safetensors.h"
#include "pretrain/examples.h"
#include "pretrain/loader.h"
#include "pretrain/picture.h"
#include "pretrain/run_configuration.h"
#include "pretrain/run_state.h"
#include "pretrain/validation.h"

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

class Run {
 public:
  Run(const PretrainOptions& options, const PretrainEvents& events, Ranks& ranks)
      : options_(options),
        events_(events),
        ranks_(ranks),
        student_(StartStudent(options)),
        share_(ShareOf(ranks, static_cast<size_t>(options.batch))) {}

  PretrainResult Do() {
    state_.configuration = ConfigurationOf(options_, student_);
    CheckSameOnAllRanks(state_.configuration, ranks_);
    const std::optional<RunState> saved = options_.resume ? Saved() : std::nullopt;
    // Before a teacher labels anything.
    if (saved) CheckSameRun(*saved, state_.configuration);
    Collect();
    AddContents(examples_, state_.configuration);
    CheckSameOnAllRanks(state_.configuration, ranks_);
    if (saved) CheckSameRun(*saved, state_.configuration);
    learner_ = std::make_unique<nn::BatchLearner>(
        student_.layout, student_.weights, nn::kFullDistillation, nn::AdamOptions{},
        nn::LossOptions{.jaccard_weight = options_.jaccard_weight});
    if (saved) {
      learner_->RestoreState(saved->learner);
      state_ = *saved;
    }
    sum_.resize(learner_->gradient().size());
    Train();
    return Finish();
  }

 private:
  bool Stop() const { return events_.stop && events_.stop(); }

  fs::path StateFile() const { return options_.out.string() + ".state"; }

  // What is reported by other ranks than the first has their names before it.
  std::function<void(const std::string&)> Report() const {
    if (ranks_.first() || !events_.report) return events_.report;
    return [report = events_.report, name = ranks_.Name()](const std::string& line) {
      report(name + ": " + line);
    };
  }

  void Collect() {
    ExampleOptions collect;
    collect.classes = student_.classes;
    collect.background = student_.background;
    collect.longest_side = longest_ = LongestSide(options_.crops);
    collect.cache =
        options_.cache.empty() ? fs::path(options_.out.string() + ".cache") : options_.cache;
    collect.stop = [this] {
      ranks_.StillWorking();
      return Stop();
    };
    collect.on_labelled = events_.on_labelled;
    if (ranks_.size() > 1) {
      // Each labels its part; then, where they have one cache, all labels are there.
      LabelShare(options_.data, collect, ranks_.rank(), ranks_.size());
      double none = 0;
      ranks_.Sum({&none, 1});
    }
    // All ranks read all files here, and would say the same of them.
    if (ranks_.first()) collect.report = events_.report;
    examples_ = CollectExamples(options_.data, collect);
    const int classes = student_.layout->spec().classes;
    const auto report = Report();
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
    const RankShare share = ShareOf(ranks_, validation.size());
    for (size_t i = share.begin; i < share.end; ++i) {
      ranks_.StillWorking();
      if (Stop()) throw Error(ErrorCode::kCancelled, "stopped before the first step");
      if (const auto picture = validation.Get(i)) {
        validation_.Add(*picture, std::max(crop.width, crop.height));
        validated_.push_back(i);
      }
    }
    auto images = static_cast<double>(validation_.size());
    ranks_.Sum({&images, 1});
    validation_images_ = static_cast<size_t>(images);
  }

  // The state to go on from, which rank 0 has; nullopt: there is none.
  std::optional<RunState> Saved() const {
    std::vector<uint8_t> bytes;
    std::error_code error;
    if (ranks_.first() && fs::exists(StateFile(), error)) {
      bytes = ReadFile(StateFile(), nn::kMaxSafetensorsBytes);
    } else if (ranks_.first() && events_.report) {
      events_.report("there is no " + StateFile().string() + " to go on from; this begins anew");
    }
    ranks_.Broadcast(bytes);
    if (bytes.empty()) return std::nullopt;
    return ParseRunState(bytes, StateFile());
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
    load.first = static_cast<int>(share_.begin);
    load.count = static_cast<int>(share_.size());
    Loader loader(*pictures_, examples_.epoch, *cutouts_, load, state_.steps);
    const int64_t first = state_.steps;
    const auto start = Clock::now();
    Clock::duration validating{};
    while (state_.steps < options_.steps) {
      if (ranks_.size() == 1 && Stop()) return;
      Batch batch = loader.Next();
      if (StoppedOnAnyRank(batch.pixels)) return;
      WeighClasses(batch, batch.pixels, load.classes);
      const double rate = LearningRateAt(options_, state_.steps);
      const double loss = LossAndGradient(batch);
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

  // Sums up the pixels of the samples of all ranks. Whole numbers this small are exact.
  bool StoppedOnAnyRank(PixelCounts& pixels) {
    if (ranks_.size() == 1) return false;
    std::array<double, std::tuple_size_v<PixelCounts> + 1> values{};
    std::copy(pixels.begin(), pixels.end(), values.begin());
    values.back() = Stop() ? 1 : 0;
    ranks_.Sum(values);
    std::copy_n(values.begin(), pixels.size(), pixels.begin());
    return values.back() > 0;
  }

  // Of the whole batch, of which `part` is this rank's.
  double LossAndGradient(const Batch& part) {
    learner_->ComputeGradients(part.training());
    const auto images = static_cast<size_t>(options_.batch);
    ranks_.SumInTurn(
        sum_, [&](size_t begin, size_t end) { learner_->AddGradients(images, begin, end, sum_); });
    learner_->SetGradient(sum_);
    // Each rank knows some of them; the others are 0.
    std::vector<double> losses(images);
    const auto own = learner_->losses();
    std::copy(own.begin(), own.end(), losses.begin() + static_cast<ptrdiff_t>(share_.begin));
    ranks_.Sum(losses);
    return nn::BatchLearner::MeanLoss(losses);
  }

  // The mean mIoU of all ranks' pictures, in their order.
  double Validate() {
    std::vector<double> metrics(examples_.validation.size());
    const auto own = validation_.IoUs(*student_.layout, learner_->weights());
    for (size_t i = 0; i < own.size(); ++i) metrics[validated_[i]] = own[i];
    ranks_.Sum(metrics);
    double sum = 0;
    for (const double metric : metrics) sum += metric;
    return sum / static_cast<double>(validation_images_);
  }

  // A defect of the program or of a machine would otherwise go unnoticed.
  void CheckSameWeights() {
    const auto checksums = ranks_.Gather(std::to_string(FloatChecksum64(learner_->weights())));
    for (size_t i = 1; i < checksums.size(); ++i) {
      if (checksums[i] == checksums[0]) continue;
      throw Error(ErrorCode::kInternal,
                  "rank " + std::to_string(i) + " holds other weights than rank 0 after step " +
                      std::to_string(state_.steps) +
                      ", so one of their machines computes wrongly; go on from the last checkpoint "
                      "without it");
    }
  }

  void CheckPoint() {
    PretrainValidation validation{state_.steps, recent_loss_ / std::max(1, recent_losses_), -1,
                                  false};
    recent_loss_ = 0;
    recent_losses_ = 0;
    CheckSameWeights();
    const auto weights = learner_->weights();
    if (validation_images_ > 0) validation.metric = Validate();
    const bool last = options_.keep_last || validation_images_ == 0;
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

  // Rank 0 writes all files; the others only know what it wrote.
  void SaveState() {
    if (!ranks_.first()) return;
    learner_->SaveState(state_.learner);
    SaveRunState(state_, StateFile());
  }

  void WriteStudent() {
    student_.weights = state_.best;
    if (!ranks_.first()) return;
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
    // None leaves before the files are written.
    double none = 0;
    ranks_.Sum({&none, 1});
    result.steps = state_.steps;
    result.best_metric = state_.best_metric;
    result.best_step = state_.best_step;
    result.training_images = examples_.training.size();
    result.validation_images = validation_images_;
    result.cutouts = examples_.cutouts.size();
    result.student = student_;
    return result;
  }

  const PretrainOptions& options_;
  const PretrainEvents& events_;
  Ranks& ranks_;
  nn::Checkpoint student_;
  const RankShare share_;  // of a batch's images
  Examples examples_;
  int longest_ = 0;
  std::unique_ptr<PictureCache> pictures_, cutouts_;
  ValidationSet validation_;       // this rank's share
  std::vector<size_t> validated_;  // its pictures, as indices into examples_.validation
  size_t validation_images_ = 0;   // of all ranks
  std::unique_ptr<nn::BatchLearner> learner_;
  std::vector<float> sum_;  // of gradients
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
  SingleRank alone;
  return Pretrain(options, events, alone);
}

PretrainResult Pretrain(const PretrainOptions& options, const PretrainEvents& events,
                        Ranks& ranks) {
  Validate(options);
  if (options.batch < ranks.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                "a step of " + std::to_string(options.batch) + " images cannot be shared by " +
                    std::to_string(ranks.size()) +
                    " processes; start fewer, or take more images per step");
  }
  return Run(options, events, ranks).Do();
}

}  // namespace shadowtutor::pretrain
