#include "eval/sim/policy_json.h"

#include "distill/policy_parts.h"

namespace shadowtutor::eval {

using Json = nlohmann::ordered_json;

Json PolicyParts(const distill::Policy& policy) {
  Json parts = Json::object();
  for (const distill::PolicyPart& part : distill::PolicyParts()) {
    const std::string text = part.text(policy);
    parts[part.name] =
        part.kind == distill::PolicyPart::Kind::kNumber ? Json::parse(text) : Json(text);
  }
  return parts;
}

distill::Policy PolicyFrom(const std::string& name, const Json& parts) {
  distill::PolicyChanges texts;
  for (const auto& [part, value] : parts.items()) {
    texts[part] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  distill::Policy policy = distill::WithChanges({}, texts);
  policy.name = name;
  return policy;
}

}  // namespace shadowtutor::eval
