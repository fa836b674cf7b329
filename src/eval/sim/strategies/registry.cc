// The list of strategies. Each entry is defined in a file beside this one: in that of its name, or,
// for video, in naive_video.cc.
#include <algorithm>
#include <string>

#include "eval/sim/strategy.h"

namespace shadowtutor::eval {

extern const StrategyEntry kShadow, kPartial, kFull, kWild, kNaiveRaw, kNaiveJpeg, kNaiveH264,
    kNaiveVp9, kNaiveAv1, kTracking, kJustInTime;

namespace {

constexpr const StrategyEntry* kStrategies[] = {
    &kShadow,    &kPartial,  &kFull,     &kWild,     &kNaiveRaw,   &kNaiveJpeg,
    &kNaiveH264, &kNaiveVp9, &kNaiveAv1, &kTracking, &kJustInTime,
};

}  // namespace

std::span<const StrategyEntry* const> Strategies() { return kStrategies; }

const StrategyEntry& FindStrategy(std::string_view name) {
  const auto found = std::find_if(std::begin(kStrategies), std::end(kStrategies),
                                  [&](const StrategyEntry* entry) { return entry->name == name; });
  if (found != std::end(kStrategies)) return **found;
  std::string all;
  for (const auto* entry : kStrategies) {
    all += (all.empty() ? "" : ", ") + std::string(entry->name);
  }
  throw Error(ErrorCode::kInvalidArgument,
              "no strategy is called '" + std::string(name) + "'; there are " + all);
}

StrategyOptions OptionsFor(const StrategyEntry& strategy, const StrategyOptions& options) {
  StrategyOptions filled = options;
  if (!strategy.frame_codec || !options.frame_codec) filled.frame_codec = strategy.frame_codec;
  if (!strategy.update_codec || !options.update_codec) filled.update_codec = strategy.update_codec;
  if (strategy.policy) filled.quality.pictures = strategy.policy(options).pictures;
  return filled;
}

std::string RunLabel(const StrategyEntry& strategy, int delay) {
  std::string label(strategy.label);
  if (!strategy.heeds_delay) return label;
  if (label.ends_with('-')) return label + DelayText(delay);
  return delay == 1 ? label : label + "-" + DelayText(delay);
}

}  // namespace shadowtutor::eval
