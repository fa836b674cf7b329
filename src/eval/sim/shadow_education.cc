#include "eval/sim/shadow_education.h"

#include <string>
#include <utility>

namespace shadowtutor::eval {

void CheckShadowEducation(const StrategyOptions& options) {
  distill::Validate(options.stride);
  if (options.delay < 1 || options.delay > options.stride.min_stride) {
    throw Error(ErrorCode::kInvalidArgument,
                "the delay must be 1 to " + std::to_string(options.stride.min_stride) +
                    " frames, not " + std::to_string(options.delay) +
                    ": at the minimum stride the client waits for the update");
  }
}

ShadowEducation::ShadowEducation(const StrategyInputs& inputs, nn::Stage cut) {
  const StrategyOptions& options = inputs.options;
  CheckShadowEducation(options);
  distill::TrainerOptions training;
  training.threshold = options.stride.threshold;
  training.max_updates = options.max_updates;
  training.cut = cut;
  training.adam.learning_rate = options.learning_rate;

  auto link = std::make_unique<VirtualLink>(inputs.student, *inputs.teacher, training, options);
  link_ = link.get();
  client::ClientOptions device;
  device.stride = options.stride;
  device.cut = cut;
  client_ =
      std::make_unique<client::Client>(inputs.student, link_->version(), std::move(link), device);
}

FrameOutcome ShadowEducation::Process(ImageView frame, uint64_t index, LabelMap& prediction) {
  link_->BeginFrame(index);
  const client::FrameReport report = client_->Process(frame, prediction);
  return {.key_frame = report.key_frame,
          .update_applied = report.update_applied,
          .stride = report.stride};
}

}  // namespace shadowtutor::eval
