// What tells two runs of one strategy apart: its setting, in words.
#ifndef SHADOWTUTOR_EVAL_SIM_SETTING_TEXT_H_
#define SHADOWTUTOR_EVAL_SIM_SETTING_TEXT_H_

#include <string>

#include "eval/sim/strategy.h"

namespace shadowtutor::eval {

/// The options that matter to this strategy: the policy with what differs from its preset, the
/// codecs with their qualities, the sent width, tracking's stride. "H.264 at rate factor 29, 640
/// wide"; "balanced, max-updates 6, H.264 of 4000 bytes, coded updates"; empty for a strategy that
/// sends nothing. For people; without the delay, which the run's label has.
std::string SettingText(const StrategyEntry& strategy, const StrategyOptions& options);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_SETTING_TEXT_H_
