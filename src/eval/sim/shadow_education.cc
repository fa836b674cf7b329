#include "eval/sim/shadow_education.h"

#include <string>
#include <utility>

namespace shadowtutor::eval {

void CheckShadowEducation(const StrategyOptions& options, const distill::Policy& policy) {
  distill::Validate(policy);
  Validate(options.timing);
  if (options.delay == kDelayAuto) return;
  const int least = policy.schedule.stride.min_stride;
  if (options.delay < 1 || options.delay > least) {
    throw Error(ErrorCode::kInvalidArgument,
                "the delay must be 1 to " + std::to_string(least) + " frames, not " +
                    std::to_string(options.delay) +
                    ": at the minimum stride the client waits for the update");
  }
}

ShadowEducation::ShadowEducation(const StrategyInputs& inputs, const distill::Policy& policy) {
  const StrategyOptions& options = inputs.options;
  CheckShadowEducation(options, policy);
  auto link = std::make_unique<VirtualLink>(inputs.student, *inputs.teacher, policy, options,
                                            inputs.frames_per_second);
  link_ = link.get();
  client::ClientOptions device;
  device.policy = policy;
  // On a clock that runs on, waiting would lose frames; the paper's client waits.
  if (options.delay == kDelayAuto) device.staleness = client::Staleness::kGoOn;
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
