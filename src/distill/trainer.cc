#include "distill/trainer.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/labels.h"
#include "core/text.h"
#include "distill/averaged_training.h"
#include "distill/key_frame_training.h"
#include "distill/loss_weights.h"

namespace shadowtutor::distill {
namespace {

// The highest value of TrainerOptions::max_updates. More steps on one frame would occupy a server's
// thread for minutes.
constexpr int kMostUpdates = 1000;

const TrainerOptions& Validated(const TrainerOptions& options) {
  Validate(options);
  return options;
}

}  // namespace

void Validate(const TrainerOptions& options) {
  const auto require = [](bool holds, const std::string& sentence) {
    if (!holds) throw Error(ErrorCode::kInvalidArgument, sentence);
  };
  const auto steps = [&](int count) {
    require(count >= 0 && count <= kMostUpdates,
            "the distillation steps per key frame must be 0 to " + std::to_string(kMostUpdates) +
                ", not " + std::to_string(count));
  };
  require(
      options.threshold > 0 && options.threshold <= 1,
      "the threshold must be more than 0 and at most 1, not " + std::to_string(options.threshold));
  steps(options.max_updates);
  steps(options.first_updates);
  require(std::isfinite(options.adam.learning_rate) && options.adam.learning_rate > 0,
          "the learning rate must be a positive number, not " +
              std::to_string(options.adam.learning_rate));
  require(
      options.adam.beta1 >= 0 && options.adam.beta1 < 1,
      "the momentum must be at least 0 and less than 1, not " + std::to_string(options.adam.beta1));
  require(options.instance_weight >= 1 && options.instance_weight <= 1000,
          "the weight of instances in the loss must be 1 to 1000, not " +
              std::to_string(options.instance_weight));
  require(options.jaccard_weight >= 0 && options.jaccard_weight <= 1000,
          "the weight of the soft Jaccard loss must be 0 to 1000, not " +
              std::to_string(options.jaccard_weight));
  require(
      options.loss_stride == 1 || options.loss_stride == 2,
      "the stride of the loss's pixels must be 1 or 2, not " + std::to_string(options.loss_stride));
  require(options.share > 0 && options.share <= 1,
          "the share of the weights that are trained must be more than 0 and at most 1, not " +
              std::to_string(options.share));
  require(options.share == 1 || (options.averaging > 0 && options.fresh_moments),
          "training a share of the weights goes with averaged weights and fresh moments; set the "
          "averaging above 0 and the fresh moments on");
  require(options.averaging >= 0 && options.averaging < 1,
          "the averaging of weights must be at least 0 and less than 1, not " +
              std::to_string(options.averaging));
  steps(options.plateau_steps);
  require(options.plateau_steps == 0 || options.averaging > 0,
          "stopping on a plateau goes with averaged weights; set the averaging above 0");
  require(options.replay_every >= 0 && options.replay_every != 1 && options.replay_every <= 1000,
          "the steps from one that is taken on an earlier key frame to the next must be 2 to 1000, "
          "or 0 for none, not " +
              std::to_string(options.replay_every));
  require(options.replay_frames >= 1 && options.replay_frames <= 64,
          "the earlier key frames that are remembered must be 1 to 64, not " +
              std::to_string(options.replay_frames));
  require(options.replay_every == 0 || options.averaging > 0,
          "training on earlier key frames goes with averaged weights; set the averaging above 0");
  require(options.plateau_gain >= 0 && options.plateau_gain < 1,
          "the gain that ends a plateau must be at least 0 and less than 1, not " +
              std::to_string(options.plateau_gain));
}

Trainer::Trainer(const nn::Checkpoint& student, const TrainerOptions& options, bool taught)
    : options_(Validated(options)),
      background_(student.background),
      taught_(taught),
      replay_(options.replay_every > 0 ? options.replay_frames : 0),
      learner_(student.layout, student.weights, options.cut, options.adam,
               {.jaccard_weight = options.jaccard_weight, .pixel_stride = options.loss_stride},
               options.kinds, options.arithmetic),
      share_(learner_.layout(), options.cut, learner_.selection(), options.share) {}

TrainResult Trainer::Train(ImageView frame, const TeacherAnswer& teacher,
                           const std::function<bool()>& stop, int first_part) {
  TrainerOptions options = options_;
  if (!taught_ && options.first_updates > 0) options.max_updates = options.first_updates;
  options.max_updates = StepsFor(options.max_updates, frame.size());
  steps_left_ = options.max_updates;
  can_continue_ = false;
  plateau_.emplace(options);
  share_.NewKeyFrame();
  if (first_part > 0) options.max_updates = std::min(options.max_updates, first_part);
  const TrainResult result = TrainPart(frame, teacher, options, stop);
  replay_.Remember(frame, teacher);
  return result;
}

TrainResult Trainer::Continue(ImageView frame, const TeacherAnswer& teacher, int steps,
                              const std::function<bool()>& stop) {
  if (!can_continue_) {
    throw Error(ErrorCode::kFailedPrecondition, "there is no key frame to go on with");
  }
  TrainerOptions options = options_;
  options.threshold = 1;
  options.fresh_moments = false;
  options.max_updates = steps;
  return TrainPart(frame, teacher, options, stop);
}

TrainResult Trainer::TrainPart(ImageView frame, const TeacherAnswer& teacher,
                               const TrainerOptions& options, const std::function<bool()>& stop) {
  if (frame.empty() || frame.size() != teacher.label.size()) {
    throw Error(ErrorCode::kInvalidArgument, "the teacher's label is " +
                                                 SizeText(teacher.label.size()) +
                                                 ", but the frame is " + SizeText(frame.size()));
  }
  if (teacher.label.labels().size() != frame.size().pixels()) {
    throw Error(ErrorCode::kInvalidArgument,
                "the teacher's label does not have one class for each pixel");
  }
  for (const Box& box : teacher.instances) {
    if (!LiesWithin(box, frame.size())) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the teacher's instances do not lie within the frame");
    }
  }
  const auto loss_weights = [&](const TeacherAnswer& answer) {
    if (options_.instance_weight == 1) {
      return std::vector<float>();  // all are 1, and there is no need to find the instances
    }
    return LossWeights(
        answer.label.size(),
        answer.has_instances ? answer.instances : ComponentBoxes(answer.label, background_),
        static_cast<float>(options_.instance_weight));
  };
  const int classes = learner_.layout().spec().classes;
  taught_ = true;
  if (options.fresh_moments) learner_.ForgetMoments();
  if (options.averaging > 0) {
    const TrainResult result = TrainAveraged(learner_, frame, teacher, classes, loss_weights,
                                             options, *plateau_, replay_, share_, average_, stop);
    steps_left_ = std::max(0, steps_left_ - result.steps);
    can_continue_ = result.initial_metric <= options.threshold && !plateau_->reached();
    return result;
  }
  return TrainOnKeyFrame(
      learner_, frame, teacher.label, classes, [&] { return loss_weights(teacher); }, options,
      best_, stop);
}

StepResult Trainer::Step(const LabelMap& label, std::span<const float> pixel_weights) {
  return DistillationStep(learner_, label, pixel_weights, learner_.layout().spec().classes);
}

}  // namespace shadowtutor::distill
