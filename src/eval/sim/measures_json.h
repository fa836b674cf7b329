// Measures and times as JSON, for a run's report and for stored results.
#ifndef SHADOWTUTOR_EVAL_SIM_MEASURES_JSON_H_
#define SHADOWTUTOR_EVAL_SIM_MEASURES_JSON_H_

#include <nlohmann/json.hpp>

#include "eval/sim/measures.h"
#include "eval/sim/server_clock.h"

namespace shadowtutor::eval {

/// Adds the keys first_miou, seconds_to_80, seconds_to_85, flicker, teacher_flicker and new_classes
/// to a JSON object. What is absent becomes null.
void AddMeasures(const Measures& measures, nlohmann::ordered_json& json);
/// Throws nlohmann::json::exception when a key is missing or of another type.
Measures MeasuresFrom(const nlohmann::ordered_json& json);

/// Adds network_ms, teacher_ms and step_ms; null: measured.
void AddTiming(const Timing& timing, nlohmann::ordered_json& json);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_MEASURES_JSON_H_
