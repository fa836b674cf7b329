// A policy's parts as JSON, for a run's report and for stored results.
#ifndef SHADOWTUTOR_EVAL_SIM_POLICY_JSON_H_
#define SHADOWTUTOR_EVAL_SIM_POLICY_JSON_H_

#include <nlohmann/json.hpp>
#include <string>

#include "distill/policy.h"

namespace shadowtutor::eval {

/// One key per part, by its name; numbers and words.
nlohmann::ordered_json PolicyParts(const distill::Policy& policy);
/// The policy of that name with the parts of PolicyParts. Throws Error kInvalidArgument for others.
distill::Policy PolicyFrom(const std::string& name, const nlohmann::ordered_json& parts);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_POLICY_JSON_H_
