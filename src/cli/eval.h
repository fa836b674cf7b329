// The options of `shadowtutor eval`.
#ifndef SHADOWTUTOR_CLI_EVAL_H_
#define SHADOWTUTOR_CLI_EVAL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/eval_live.h"
#include "cli/policy_options.h"
#include "eval/live/sweep_request.h"
#include "eval/sim/evaluation.h"
#include "eval/study/study_request.h"

namespace CLI {
class App;
}

namespace shadowtutor::cli {

/// As typed, but for `options`' strategy and codecs.
struct EvalArguments {
  eval::EvalOptions options;
  std::string source, card, set, lvs, shard;
  PolicyArguments policy;
  std::string student, json, out;
  std::string frame_codec, update_codec, label_codec = "coded";
  std::vector<std::string> strategies = {"partial"};
  std::vector<std::string> delays = {"1"};
  uint64_t seed = 0;
  double fps = 0;
  bool fresh = false;
  std::shared_ptr<LiveArguments> live;
};

void AddEvalOptions(CLI::App& command, EvalArguments& arguments);

// What the options ask for. All throw Error kInvalidArgument for options that do not go together or
// mean nothing; `stop`, progress and the like are left to the caller.

eval::StrategyOptions ParametersOf(const EvalArguments& arguments);
/// Of a run on the virtual clock. Several need a folder for their results.
std::vector<eval::StrategyChoice> StrategiesOf(const EvalArguments& arguments);
/// One strategy on one video, without a folder.
eval::EvalRequest EvaluationOf(const EvalArguments& arguments, const eval::StrategyChoice& choice);
/// With a folder. Reads the set of clips; throws as eval::LoadClipSet and eval::ListLvs.
eval::StudyRequest StudyOf(const EvalArguments& arguments,
                           std::vector<eval::StrategyChoice> strategies);
/// With --live: what options other than its own say.
eval::live::SweepRequest LiveSweepOf(const EvalArguments& arguments);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_EVAL_H_
