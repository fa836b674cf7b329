#include <algorithm>
#include <string>

#include "eval/strategies/all.h"

namespace shadowtutor::eval {
namespace {

constexpr StrategyEntry kStrategies[] = {
    {"partial", "train the part from --cut on, send only that part (the paper's way)", MakePartial},
    {"full", "train and send the whole student", MakeFull},
    {"wild", "the student as it is, without a server", MakeWild},
};

}  // namespace

std::span<const StrategyEntry> Strategies() { return kStrategies; }

const StrategyEntry& FindStrategy(std::string_view name) {
  const auto found = std::find_if(std::begin(kStrategies), std::end(kStrategies),
                                  [&](const StrategyEntry& entry) { return entry.name == name; });
  if (found != std::end(kStrategies)) return *found;
  std::string all;
  for (const auto& entry : kStrategies) all += (all.empty() ? "" : ", ") + std::string(entry.name);
  throw Error(ErrorCode::kInvalidArgument,
              "no strategy is called '" + std::string(name) + "'; there are " + all);
}

}  // namespace shadowtutor::eval
