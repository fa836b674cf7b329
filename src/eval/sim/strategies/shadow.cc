// ShadowTutor with the policy that a user chooses: what `serve` and `run` do.
#include "eval/sim/shadow_education.h"

namespace shadowtutor::eval {
namespace {

distill::Policy PolicyOf(const StrategyOptions& options) { return options.policy; }

}  // namespace

extern const StrategyEntry kShadow;
const StrategyEntry kShadow = {
    .name = "shadow",
    .label = "S-",
    .description = "train, send and show as the policy says",
    .heeds_delay = true,
    .trains = true,
    .frame_codec = wire::FrameCodec::kH264,
    .update_codec = wire::UpdateCodec::kCoded,
    .policy = PolicyOf,
    .check = [](const StrategyOptions& o) { CheckShadowEducation(o, PolicyOf(o)); },
    .make = MakeShadowEducation<PolicyOf>,
};

}  // namespace shadowtutor::eval
