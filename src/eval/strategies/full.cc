#include "eval/shadow_education.h"
#include "eval/strategies/all.h"

namespace shadowtutor::eval {

std::unique_ptr<Strategy> MakeFull(const StrategyInputs& inputs) {
  if (inputs.options.cut && *inputs.options.cut != nn::kFullDistillation) {
    throw Error(ErrorCode::kInvalidArgument,
                "full distillation trains every stage; a cut goes with the strategy partial");
  }
  return std::make_unique<ShadowEducation>(inputs, nn::kFullDistillation);
}

}  // namespace shadowtutor::eval
