#include "eval/shadow_education.h"
#include "eval/strategies/all.h"

namespace shadowtutor::eval {

std::unique_ptr<Strategy> MakePartial(const StrategyInputs& inputs) {
  return std::make_unique<ShadowEducation>(inputs,
                                           inputs.options.cut.value_or(nn::kPartialDistillation));
}

}  // namespace shadowtutor::eval
