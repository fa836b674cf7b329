// What strategies/registry.cc lists; one function per file in this folder.
#ifndef SHADOWTUTOR_EVAL_STRATEGIES_ALL_H_
#define SHADOWTUTOR_EVAL_STRATEGIES_ALL_H_

#include <memory>

#include "eval/strategy.h"

namespace shadowtutor::eval {

std::unique_ptr<Strategy> MakePartial(const StrategyInputs& inputs);
std::unique_ptr<Strategy> MakeFull(const StrategyInputs& inputs);
std::unique_ptr<Strategy> MakeWild(const StrategyInputs& inputs);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STRATEGIES_ALL_H_
