#include "cli/policy_options.h"

#include <CLI/CLI.hpp>

#include "app/flags.h"

namespace shadowtutor::cli {

void AddPolicyOptions(CLI::App& command, PolicyArguments& arguments) {
  command
      .add_option(
          app::flags::kPolicy, arguments.name,
          "How students are taught: paper (as published), frugal (less than half the traffic), "
          "balanced, or best (three times the server's time). The options in this group "
          "change single parts of it "
          "(docs/policies.md)")
      ->check(CLI::IsMember(distill::PolicyNames()))
      ->capture_default_str();
  CLI::Option_group& group = *command.add_option_group("Policy");
  for (const distill::PolicyPart& part : distill::PolicyParts()) {
    std::string text = part.help + " (";
    std::string before;
    // "8; balanced 4; best 12": presets that have the value of the one before are left out.
    for (const std::string& preset : distill::PolicyNames()) {
      const std::string value = part.text(distill::FindPolicy(preset));
      if (preset == "paper") {
        text += value;
      } else if (value != before) {
        text += "; " + preset + " " + value;
      }
      before = value;
    }
    group
        .add_option_function<std::string>(
            "--" + part.name,
            [&arguments, &part](const std::string& value) {
              distill::Policy any = distill::FindPolicy("paper");
              part.set(any, value);  // refuses what does not fit, while it is known whence it comes
              arguments.changes[part.name] = value;
            },
            text + ")")
        ->type_name(part.kind == distill::PolicyPart::Kind::kNumber ? "NUMBER" : "WORD");
  }
}

distill::Policy PolicyOf(const PolicyArguments& arguments) {
  return distill::WithChanges(distill::FindPolicy(arguments.name), arguments.changes);
}

}  // namespace shadowtutor::cli
