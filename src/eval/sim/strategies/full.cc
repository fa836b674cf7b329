#include "eval/sim/shadow_education.h"

namespace shadowtutor::eval {
namespace {

void Check(const StrategyOptions& options) {
  CheckShadowEducation(options);
  if (options.cut && *options.cut != nn::kFullDistillation) {
    throw Error(ErrorCode::kInvalidArgument,
                "full distillation trains every stage; a cut goes with the strategy partial");
  }
}

std::unique_ptr<Strategy> Make(const StrategyInputs& inputs) {
  Check(inputs.options);
  return std::make_unique<ShadowEducation>(inputs, nn::kFullDistillation);
}

}  // namespace

extern const StrategyEntry kFull;
const StrategyEntry kFull = {
    .name = "full",
    .label = "F-",
    .description = "train and send the whole student",
    .heeds_delay = true,
    .trains = true,
    .check = Check,
    .make = Make,
};

}  // namespace shadowtutor::eval
