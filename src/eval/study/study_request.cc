#include "eval/study/study_request.h"

#include <set>
#include <string_view>

namespace shadowtutor::eval {
namespace {

constexpr std::string_view kNaive = "naive";

std::vector<const StrategyEntry*> Named(const std::string& name) {
  if (name != kNaive) return {&FindStrategy(name)};
  std::vector<const StrategyEntry*> found;
  for (const StrategyEntry* entry : Strategies()) {
    if (entry->name.starts_with(kNaive)) found.push_back(entry);
  }
  return found;
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
