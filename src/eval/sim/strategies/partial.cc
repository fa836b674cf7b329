#include "eval/sim/shadow_education.h"

namespace shadowtutor::eval {
namespace {

std::unique_ptr<Strategy> Make(const StrategyInputs& inputs) {
  return std::make_unique<ShadowEducation>(inputs,
                                           inputs.options.cut.value_or(nn::kPartialDistillation));
}

}  // namespace

extern const StrategyEntry kPartial;
const StrategyEntry kPartial = {
    .name = "partial",
    .label = "P-",
    .description = "train the part from the cut on, send only that part (the paper's way)",
    .heeds_delay = true,
    .trains = true,
    .check = CheckShadowEducation,
    .make = Make,
};

}  // namespace shadowtutor::eval
