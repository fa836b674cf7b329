// The parts of a policy as names and texts: for the command line, for reports, and to tell two
// policies apart.
#ifndef SHADOWTUTOR_DISTILL_POLICY_PARTS_H_
#define SHADOWTUTOR_DISTILL_POLICY_PARTS_H_

#include <functional>
#include <map>
#include <span>
#include <string>

#include "distill/policy.h"

namespace shadowtutor::distill {

/// One part. Constant data.
struct PolicyPart {
  enum class Kind { kNumber, kWord };  // kNumber: its text is a number, as JSON has them

  std::string name;  // as an option without its dashes: "max-updates"
  std::string help;  // one line for people
  Kind kind = Kind::kNumber;
  std::function<std::string(const Policy&)> text;
  /// Throws Error kInvalidArgument for a text that does not fit.
  std::function<void(Policy&, const std::string& text)> set;
};

/// All parts, in the order in which they are listed to users.
std::span<const PolicyPart> PolicyParts();

/// What a user sets apart from the preset: texts by the names of their parts.
using PolicyChanges = std::map<std::string, std::string>;

/// The policy with the changes, which may be one that Validate refuses. `threshold` sets that of
/// the stride, too, unless it is 1. Throws Error kInvalidArgument for an unknown part and a text
/// that does not fit.
Policy Changed(const Policy& policy, const PolicyChanges& changes);
/// The same, and throws as Validate, too.
Policy WithChanges(const Policy& policy, const PolicyChanges& changes);

/// "threshold 0.8, max-updates 8, ...": all parts, without the name. Equal texts mean equal
/// policies.
std::string PolicyText(const Policy& policy);

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_POLICY_PARTS_H_
