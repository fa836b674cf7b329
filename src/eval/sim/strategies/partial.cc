#include "eval/sim/shadow_education.h"

namespace shadowtutor::eval {
namespace {

distill::Policy PolicyOf(const StrategyOptions& options) {
  distill::Policy policy = options.paper;
  policy.trainer.cut = options.cut.value_or(nn::kPartialDistillation);
  return policy;
}

}  // namespace

extern const StrategyEntry kPartial;
const StrategyEntry kPartial = {
    .name = "partial",
    .label = "P-",
    .description = "train the part from the cut on, send only that part (the paper's way)",
    .heeds_delay = true,
    .trains = true,
    .frame_codec = wire::FrameCodec::kRaw,
    .update_codec = wire::UpdateCodec::kFp32,
    .policy = PolicyOf,
    .check = [](const StrategyOptions& o) { CheckShadowEducation(o, PolicyOf(o)); },
    .make = MakeShadowEducation<PolicyOf>,
};

}  // namespace shadowtutor::eval
