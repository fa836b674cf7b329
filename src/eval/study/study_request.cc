#include "eval/study/study_request.h"

#include <set>

namespace shadowtutor::eval {
namespace {

// "naive" is those that can be run live, too.
std::vector<const StrategyEntry*> Named(const std::string& name) {
  if (name != "naive") return {&FindStrategy(name)};
  return {&FindStrategy("naive-raw"), &FindStrategy("naive-jpeg"), &FindStrategy("naive-h264")};
}

}  // namespace

std::vector<StrategyChoice> ChooseStrategies(const std::vector<std::string>& names,
                                             const std::vector<int>& delays,
                                             const StrategyOptions& parameters) {
  std::vector<StrategyChoice> choices;
  std::set<std::string> labels;
  for (const std::string& name : names) {
    for (const StrategyEntry* entry : Named(name)) {
      const std::vector<int> own = entry->heeds_delay ? delays : std::vector<int>{0};
      for (const int delay : own) {
        StrategyOptions options = parameters;
        if (entry->heeds_delay) options.delay = delay;
        entry->check(options);
        const StrategyChoice choice{entry, delay};
        if (labels.insert(choice.label()).second) choices.push_back(choice);
      }
    }
  }
  return choices;
}

}  // namespace shadowtutor::eval
