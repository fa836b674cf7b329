// Online distillation as in the work that the paper builds on (its reference 18): the student is
// trained where it runs, so no network lies between its training and its use.
//
// What differs from `full` with the least delay: a key frame is itself predicted with the weights
// that it was trained on, and the stride doubles when training reached a metric over the threshold
// and halves otherwise. Trainer, loss and optimizer are the same as for the other strategies, so
// that only these differences are compared.
#include <algorithm>
#include <memory>
#include <utility>

#include "distill/trainer.h"
#include "eval/sim/strategy.h"
#include "eval/sim/timed.h"
#include "nn/predictor.h"
#include "wire/coded_update.h"
#include "wire/key_frame_codec.h"
#include "wire/update_codec.h"

namespace shadowtutor::eval {
namespace {

distill::Policy PolicyOf(const StrategyOptions& options) {
  distill::Policy policy = options.paper;
  policy.trainer.cut = nn::kFullDistillation;
  return policy;
}

void Check(const StrategyOptions& options) {
  distill::Validate(options.paper);
  if (options.cut && *options.cut != nn::kFullDistillation) {
    throw Error(ErrorCode::kInvalidArgument,
                "just-in-time trains every stage; a cut goes with the strategy partial");
  }
}

class JustInTime : public Strategy {
 public:
  explicit JustInTime(const StrategyInputs& inputs)
      : options_(inputs.options),
        teacher_(*inputs.teacher),
        encoder_(wire::MakeKeyFrameEncoder(options_.frame_codec.value_or(wire::FrameCodec::kRaw),
                                           options_.quality)),
        layout_(inputs.student->layout),
        trainer_(*inputs.student, PolicyOf(inputs.options).trainer),
        predictor_(nn::PackWeights(layout_, inputs.student->weights)),
        coded_(*layout_, trainer_.learner().selection()),
        stride_(inputs.options.paper.schedule.stride.min_stride),
        step_(stride_) {}

  FrameOutcome Process(ImageView frame, uint64_t index, LabelMap& prediction) override {
    FrameOutcome outcome;
    if (step_ == stride_) {
      step_ = 0;
      outcome.key_frame = true;
      outcome.update_applied = TrainOn(frame, index);
    }
    predictor_.Predict(frame, prediction);
    ++step_;
    outcome.stride = stride_;
    return outcome;
  }
  Totals totals() const override { return totals_; }

 private:
  // Trains on a key frame and returns whether the weights changed. Counts the bytes that training
  // on a server would take: the encoded frame up, the whole student down.
  bool TrainOn(ImageView frame, uint64_t index) {
    const auto bytes = Timed(totals_.encode_ms, [&] { return encoder_->Encode(frame); });
    totals_.bytes_up += bytes.size();
    const Image decoded = decoder_.Decode(encoder_->codec(), bytes, frame.size());
    frame = decoded;
    teacher::Answer answer = teacher_.Label(frame, index);
    const nn::ParameterSelection& sent = trainer_.learner().selection();
    const std::vector<float> before = sent.Gather(trainer_.learner().weights());
    const distill::TrainResult result = trainer_.Train(
        frame, {std::move(answer.label), std::move(answer.instances), answer.has_instances});
    ++totals_.key_frames;
    totals_.trained_key_frames += result.steps > 0;
    totals_.distillation_steps += static_cast<uint64_t>(result.steps);
    const auto& [threshold, min_stride, max_stride] = options_.paper.schedule.stride;
    stride_ = result.metric > threshold ? std::min(2 * stride_, max_stride)
                                        : std::max(stride_ / 2, min_stride);
    if (!result.changed) return false;
    totals_.bytes_down += UpdateBytes(before, sent.Gather(trainer_.learner().weights()));
    predictor_.SetWeights(nn::PackWeights(layout_, trainer_.learner().weights()));
    return true;
  }

  // The bytes of an update. Nothing is lost in it, as it need not travel.
  size_t UpdateBytes(const std::vector<float>& before, const std::vector<float>& after) {
    const auto codec = options_.update_codec.value_or(wire::UpdateCodec::kFp32);
    if (codec != wire::UpdateCodec::kCoded) return wire::UpdateBytes(codec, after.size());
    const distill::Policy policy = PolicyOf(options_);
    const auto payload = coded_.Encode(
        before, after, static_cast<float>(policy.coded.step * policy.trainer.adam.learning_rate));
    coded_.Decode(before, payload);
    return payload.size();
  }

  const StrategyOptions options_;
  teacher::Teacher& teacher_;
  const std::unique_ptr<wire::KeyFrameEncoder> encoder_;
  wire::KeyFrameDecoder decoder_;
  const std::shared_ptr<const nn::NetworkLayout> layout_;
  distill::Trainer trainer_;
  nn::Predictor predictor_;
  wire::CodedUpdates coded_;
  int stride_;
  int step_;
  Totals totals_;
};

std::unique_ptr<Strategy> Make(const StrategyInputs& inputs) {
  Check(inputs.options);
  return std::make_unique<JustInTime>(inputs);
}

}  // namespace

extern const StrategyEntry kJustInTime;
const StrategyEntry kJustInTime = {
    .name = "just-in-time",
    .label = "just-in-time",
    .description = "train the whole student where it runs: every update in use at once",
    .trains = true,
    .frame_codec = wire::FrameCodec::kRaw,
    .update_codec = wire::UpdateCodec::kFp32,
    .policy = PolicyOf,
    .check = Check,
    .make = Make,
};

}  // namespace shadowtutor::eval
