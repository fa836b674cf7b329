#include "eval/sim/shadow_education.h"

namespace shadowtutor::eval {
namespace {

distill::Policy PolicyOf(const StrategyOptions& options) {
  distill::Policy policy = options.paper;
  policy.trainer.cut = nn::kFullDistillation;
  return policy;
}

void Check(const StrategyOptions& options) {
  CheckShadowEducation(options, PolicyOf(options));
  if (options.cut && *options.cut != nn::kFullDistillation) {
    throw Error(ErrorCode::kInvalidArgument,
                "full distillation trains every stage; a cut goes with the strategy partial");
  }
}

std::unique_ptr<Strategy> Make(const StrategyInputs& inputs) {
  Check(inputs.options);
  return MakeShadowEducation<PolicyOf>(inputs);
}

}  // namespace

extern const StrategyEntry kFull;
const StrategyEntry kFull = {
    .name = "full",
    .label = "F-",
    .description = "train and send the whole student (the paper's other way)",
    .heeds_delay = true,
    .trains = true,
    .frame_codec = wire::FrameCodec::kRaw,
    .update_codec = wire::UpdateCodec::kFp32,
    .policy = PolicyOf,
    .check = Check,
    .make = Make,
};

}  // namespace shadowtutor::eval
