#include "eval/sim/measures_json.h"

namespace shadowtutor::eval {
namespace {

using Json = nlohmann::ordered_json;

Json OrNull(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

std::optional<double> Optional(const Json& value) {
  if (value.is_null()) return std::nullopt;
  return value.get<double>();
}

}  // namespace

void AddMeasures(const Measures& measures, Json& json) {
  json["first_miou"] = measures.first_miou;
  json["seconds_to_80"] = OrNull(measures.seconds_to_80);
  json["seconds_to_85"] = OrNull(measures.seconds_to_85);
  json["flicker"] = measures.flicker;
  json["teacher_flicker"] = measures.teacher_flicker;
  const NewClassFigures& entered = measures.new_classes;
  json["new_classes"] = {{"events", entered.events},
                         {"missed", entered.missed},
                         {"mean_frames", OrNull(entered.mean_frames)},
                         {"mean_seconds", OrNull(entered.mean_seconds)}};
}

Measures MeasuresFrom(const Json& json) {
  Measures measures;
  measures.first_miou = json.at("first_miou");
  measures.seconds_to_80 = Optional(json.at("seconds_to_80"));
  measures.seconds_to_85 = Optional(json.at("seconds_to_85"));
  measures.flicker = json.at("flicker");
  measures.teacher_flicker = json.at("teacher_flicker");
  const Json& entered = json.at("new_classes");
  measures.new_classes = {.events = entered.at("events"),
                          .missed = entered.at("missed"),
                          .mean_frames = Optional(entered.at("mean_frames")),
                          .mean_seconds = Optional(entered.at("mean_seconds"))};
  return measures;
}

void AddTiming(const Timing& timing, Json& json) {
  json["network_ms"] = timing.network_ms;
  json["teacher_ms"] = OrNull(timing.teacher_ms);
  json["step_ms"] = OrNull(timing.step_ms);
}

}  // namespace shadowtutor::eval
