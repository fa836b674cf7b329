#include "tutor/session.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "distill/miou.h"
#include "nn/checkpoint_io.h"
#include "wire/update_codec.h"

namespace shadowtutor::tutor {
namespace {

using Clock = std::chrono::steady_clock;

// How often the quantiser's step is halved, at most, for an update that costs too much mIoU.
constexpr int kFinerSteps = 3;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

std::string Join(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

std::vector<std::string> Names(const ClassList& classes) {
  std::vector<std::string> names;
  for (const ClassInfo& info : classes) names.push_back(info.name);
  return names;
}

// Refuses a student that cannot be trained here. It is not silently replaced, because the user who
// chose it would not notice.
void CheckFits(const wire::HeldStudent& held, const nn::Checkpoint& ours) {
  const std::vector<std::string> names = Names(ours.classes);
  if (held.class_names != names) {
    throw Error(ErrorCode::kFailedPrecondition,
                "the client's student tells apart [" + Join(held.class_names) +
                    "], this server teaches [" + Join(names) +
                    "]; start the client with a student of these classes or with none");
  }
  const nn::NetworkLayout& layout = *ours.layout;
  if (held.parameter_count != layout.size() ||
      held.trained.size() != layout.TrainedSize(held.cut)) {
    throw Error(ErrorCode::kFailedPrecondition,
                "the client's student has " + std::to_string(held.parameter_count) +
                    " parameters, this server's " + std::to_string(layout.size()) +
                    "; start the client with a student of the same width and depth, or with none");
  }
  if (held.trained_checksum != wire::WeightChecksum(held.trained)) {
    throw Error(
        ErrorCode::kDataLoss,
        "the weights that the client handed over do not match their checksum; connect again");
  }
}

}  // namespace

void CheckProtocolVersion(uint32_t client_version) {
  if (client_version == wire::kProtocolVersion) return;
  throw Error(ErrorCode::kFailedPrecondition,
              "the client speaks protocol version " + std::to_string(client_version) +
                  ", this server version " + std::to_string(wire::kProtocolVersion) +
                  "; update whichever is older");
}

bool Knows(const SessionOptions& options, const wire::NamedStudent& named) {
  return options.name && named == *options.name;
}

Session::Session(const SessionOptions& options, const wire::Hello& hello, const std::string& id)
    : base_(options.student),
      codec_(hello.update_codec),
      coded_options_(options.policy.coded),
      training_(distill::TrainerFor(options.policy, codec_ == wire::UpdateCodec::kCoded)),
      part_steps_(hello.takes_parts ? options.policy.part_updates : 0),
      idle_steps_(options.policy.idle_updates),
      shown_(options.policy.shown_labels, options.policy.shown_area) {
  CheckProtocolVersion(hello.protocol_version);
  if (options.packed && hello.takes_coded_student) base_ = options.packed->student;
  nn::Checkpoint student = *base_;
  student.weights = StartingWeights(options, hello);
  trainer_ = std::make_unique<distill::Trainer>(student, training_,
                                                /*taught=*/adopted_ && version_ > 0);
  ForgetUpdates();

  welcome_.server_version = options.server_version;
  welcome_.session_id = id;
  if (!adopted_) welcome_.student = First(options);
  welcome_.student_version = version_;
  welcome_.student_checksum = wire::WeightChecksum(trainer_->trained());
  welcome_.classes = base_->classes;
  welcome_.background = base_->background;
  welcome_.policy = options.policy;
  welcome_.frame_codec = hello.frame_codec;
  welcome_.update_codec = codec_;
  welcome_.teacher = options.teacher;
}

wire::WholeStudent Session::First(const SessionOptions& options) {
  wire::WholeStudent student = Whole();
  if (options.packed && base_ == options.packed->student) {
    student.safetensors = options.packed->header;
    student.coded = options.packed->coded;
    student.weights = base_->weights.size();
  }
  return student;
}

std::vector<float> Session::StartingWeights(const SessionOptions& options,
                                            const wire::Hello& hello) {
  if (!hello.held) {
    if (hello.named && Knows(options, *hello.named)) {
      base_ = options.student;
      adopted_ = true;
    }
    return base_->weights;
  }
  const wire::HeldStudent& held = *hello.held;
  CheckFits(held, *base_);
  const size_t offset = base_->layout->TrainedOffset(held.cut);
  const auto holds = [&](const nn::Checkpoint& student) {
    const std::span<const float> frozen = std::span<const float>(student.weights).first(offset);
    return held.frozen_checksum == wire::WeightChecksum(frozen);
  };
  // It may have begun with either form of the server's student.
  if (options.packed && holds(*options.packed->student)) {
    base_ = options.packed->student;
  } else if (holds(*options.student)) {
    base_ = options.student;
  }
  std::vector<float> weights = base_->weights;
  if (holds(*base_)) {
    std::copy(held.trained.begin(), held.trained.end(), weights.begin() + offset);
    version_ = held.version;
    adopted_ = true;
  } else {
    // Goes on from the client's version, so that the client never sees one version for two
    // students.
    version_ = held.version + 1;
  }
  return weights;
}

wire::Welcome Session::TakeWelcome() { return std::move(welcome_); }

wire::Update Session::Train(const LabelledFrame& key_frame,
                            std::shared_ptr<nn::TrainingWorkspace> workspace,
                            const std::function<bool()>& stop, Predictions* predictions) {
  wire::Update update = UpdateBy(
      [&] {
        const distill::TrainResult result =
            trainer_->Train(key_frame.frame, key_frame.answer, stop, part_steps_);
        shown_classes_ = shown_.After(key_frame.answer.label);
        return result;
      },
      key_frame, std::move(workspace), predictions ? &predictions->before : nullptr,
      predictions ? &predictions->after : nullptr);
  update.teacher_ms = key_frame.teacher_ms;
  part_ = 0;
  idle_left_ = distill::StepsFor(idle_steps_, key_frame.frame.size());
  return update;
}

bool Session::MoreToCome() const {
  return part_steps_ > 0 && trainer_->CanContinue() && trainer_->steps_left() + idle_left_ > 0;
}

std::optional<wire::Update> Session::Continue(const LabelledFrame& key_frame,
                                              std::shared_ptr<nn::TrainingWorkspace> workspace,
                                              const std::function<bool()>& stop, LabelMap* after) {
  const int usual = trainer_->steps_left();
  const int steps = std::min(part_steps_, usual + idle_left_);
  wire::Update update =
      UpdateBy([&] { return trainer_->Continue(key_frame.frame, key_frame.answer, steps, stop); },
               key_frame, std::move(workspace), nullptr, after);
  if (update.steps == 0) return std::nullopt;
  idle_left_ -= std::max(0, update.steps - usual);
  update.part = ++part_;
  return update;
}

wire::Update Session::UpdateBy(const std::function<distill::TrainResult()>& train,
                               const LabelledFrame& key_frame,
                               std::shared_ptr<nn::TrainingWorkspace> workspace,
                               LabelMap* before_training, LabelMap* after) {
  nn::Learner& learner = trainer_->learner();
  learner.UseWorkspace(std::move(workspace));
  const std::vector<float> before(learner.weights().begin(), learner.weights().end());
  wire::Update update;
  update.frame_index = key_frame.frame_index;
  update.codec = codec_;
  update.base_version = version_;
  update.new_version = version_;
  try {
    if (before_training) {
      learner.SetFrame(key_frame.frame);
      *before_training = learner.Predict();
    }
    const Clock::time_point start = Clock::now();
    const distill::TrainResult result = train();
    update.shown_classes = shown_classes_;
    update.metric = result.metric;
    update.initial_metric = result.initial_metric;
    update.steps = result.steps;
    encoding_ms_ = 0;
    if (result.changed) {
      const Clock::time_point trained = Clock::now();
      Pack(update, before, key_frame.answer.label);
      encoding_ms_ = MillisecondsSince(trained);
    }
    update.checksum = wire::WeightChecksum(learner.trained());
    update.train_ms = MillisecondsSince(start);
    if (after) *after = learner.Predict();
  } catch (...) {
    learner.UseWorkspace(nullptr);
    learner.SetTrained(std::span<const float>(before).last(learner.trained().size()), false);
    throw;
  }
  learner.UseWorkspace(nullptr);
  version_ = update.new_version;
  return update;
}

// Both sides hold the weights that the payload gives. What a lossy codec left out will be in the
// next update.
void Session::Pack(wire::Update& update, std::span<const float> before, const LabelMap& label) {
  nn::Learner& learner = trainer_->learner();
  const nn::ParameterSelection& sent = learner.selection();
  const std::vector<float> held = sent.Gather(before);
  const std::vector<float> target = sent.Gather(learner.weights());
  const auto take_over = [&](std::span<const float> weights) {
    std::vector<float> all(before.begin(), before.end());
    sent.Scatter(weights, all);
    learner.SetTrained(std::span<const float>(all).last(learner.trained().size()), true);
  };
  if (codec_ != wire::UpdateCodec::kCoded) {
    update.payload = wire::EncodeUpdate(codec_, held, target);
    if (codec_ != wire::UpdateCodec::kFp32) {
      take_over(wire::DecodeUpdate(codec_, held, update.payload));
    }
    update.new_version = version_ + 1;
    return;
  }
  const double trained = update.metric;
  double step = coded_options_.step * training_.adam.learning_rate;
  for (int finer = 0;; ++finer, step /= 2) {
    wire::CodedUpdates coded = *coded_;
    wire::CodedUpdates::Update made =
        coded.EncodeAndRemember(held, target, static_cast<float>(step));
    update.payload = std::move(made.payload);
    take_over(made.weights);
    update.metric = distill::MeanIoU(learner.Predict(), label, learner.layout().spec().classes);
    if (finer < kFinerSteps && update.metric < trained - coded_options_.tolerance) continue;
    coded_ = std::move(coded);
    break;
  }
  update.new_version = version_ + 1;
}

void Session::ForgetUpdates() {
  if (codec_ != wire::UpdateCodec::kCoded) return;
  coded_.emplace(*base_->layout, trainer_->learner().selection());
}

nn::Checkpoint Session::student() const {
  nn::Checkpoint student;
  student.layout = base_->layout;
  const std::span<const float> weights = trainer_->learner().weights();
  student.weights.assign(weights.begin(), weights.end());
  student.classes = base_->classes;
  student.background = base_->background;
  return student;
}

wire::WholeStudent Session::Whole() {
  ForgetUpdates();
  return {version_,
          nn::SerializeCheckpoint(student()),
          wire::WeightChecksum(trainer_->trained()),
          {},
          0};
}

}  // namespace shadowtutor::tutor
