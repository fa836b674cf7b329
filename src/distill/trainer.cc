#include "distill/trainer.h"

#include <cmath>
#include <string>

#include "core/text.h"
#include "distill/key_frame_training.h"
#include "distill/loss_weights.h"

namespace shadowtutor::distill {
namespace {

// The highest value of TrainerOptions::max_updates. More steps on one frame would occupy a server's
// thread for minutes.
constexpr int kMostUpdates = 1000;

const TrainerOptions& Validated(const TrainerOptions& options) {
  const auto require = [](bool holds, const std::string& sentence) {
    if (!holds) throw Error(ErrorCode::kInvalidArgument, sentence);
  };
  require(options.threshold > 0 && options.threshold < 1,
          "the threshold must lie between 0 and 1 (exclusive), not " +
              std::to_string(options.threshold));
  require(options.max_updates >= 0 && options.max_updates <= kMostUpdates,
          "the distillation steps per key frame must be 0 to " + std::to_string(kMostUpdates) +
              ", not " + std::to_string(options.max_updates));
  require(std::isfinite(options.adam.learning_rate) && options.adam.learning_rate > 0,
          "the learning rate must be a positive number, not " +
              std::to_string(options.adam.learning_rate));
  return options;
}

}  // namespace

Trainer::Trainer(const nn::Checkpoint& student, const TrainerOptions& options)
    : options_(Validated(options)),
      background_(student.background),
      learner_(student.layout, student.weights, options.cut, options.adam) {}

TrainResult Trainer::Train(ImageView frame, const TeacherAnswer& teacher,
                           const std::function<bool()>& stop) {
  if (frame.empty() || frame.size() != teacher.label.size()) {
    throw Error(ErrorCode::kInvalidArgument, "the teacher's label is " +
                                                 SizeText(teacher.label.size()) +
                                                 ", but the frame is " + SizeText(frame.size()));
  }
  const auto loss_weights = [&] {
    return LossWeights(frame.size(), teacher.has_instances
                                         ? teacher.instances
                                         : ComponentBoxes(teacher.label, background_));
  };
  TrainerOptions options = options_;
  options.max_updates = StepsFor(options_.max_updates, frame.size());
  return TrainOnKeyFrame(learner_, frame, teacher.label, learner_.layout().spec().classes,
                         loss_weights, options, best_, stop);
}

StepResult Trainer::Step(const LabelMap& label, std::span<const float> pixel_weights) {
  return DistillationStep(learner_, label, pixel_weights, learner_.layout().spec().classes);
}

}  // namespace shadowtutor::distill
