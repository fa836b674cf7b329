// The options that choose a policy, for the subcommands that have one.
#ifndef SHADOWTUTOR_CLI_POLICY_OPTIONS_H_
#define SHADOWTUTOR_CLI_POLICY_OPTIONS_H_

#include <string>

#include "distill/policy.h"
#include "distill/policy_parts.h"

namespace CLI {
class App;
}

namespace shadowtutor::cli {

/// As typed.
struct PolicyArguments {
  std::string name = "balanced";
  distill::PolicyChanges changes;
};

/// Adds --policy, and an option for every part of a policy.
void AddPolicyOptions(CLI::App& command, PolicyArguments& arguments);
/// The policy that is asked for. Throws Error kInvalidArgument for values out of range.
distill::Policy PolicyOf(const PolicyArguments& arguments);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_POLICY_OPTIONS_H_
