#include "cli/reference/sample_settings.h"

#include <algorithm>
#include <string_view>

#include "distill/policy.h"
#include "distill/policy_parts.h"

namespace shadowtutor::cli::reference {
namespace {

constexpr size_t kColumns = 100;

// `text` as comment lines.
std::string Comment(std::string_view text) {
  std::string lines, line = "#";
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    if (line.size() > 1 && line.size() + 1 + end > kColumns) {
      lines += line + "\n";
      line = "#";
    }
    line.append(" ").append(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines + line + "\n";
}

std::string ValueOf(const OptionText& option, const std::string& policy) {
  if (option.kind == OptionText::Kind::kFlag) return "false";
  for (const distill::PolicyPart& part : distill::PolicyParts()) {
    if (part.name == option.key) return part.text(distill::FindPolicy(policy));
  }
  return option.default_value.empty() ? option.value : option.default_value;
}

}  // namespace

std::string SampleSettings(const CommandText& command) {
  std::string text =
      Comment("Configuration of '" + command.full_name +
              " --config THIS_FILE' (docs/serving.md).") +
      "#\n" +
      Comment(
          "Every option of the command is here as a comment: with its default where it has one, "
          "else with what it takes in capitals. Take the '#' away before those that you change. "
          "Paths that do not begin with / count from this file's folder.");
  std::string group, policy;
  for (const OptionText& option : command.options) {
    if (option.key.empty()) continue;
    text += "\n";
    if (option.group != group) {
      group = option.group;
      std::string heading = "---- " + group;
      heading.append(": the values here are those of '").append(policy);
      text += Comment(heading + "', and change with the option 'policy' ----") + "\n";
    }
    if (option.key == "policy") policy = option.default_value;
    std::string description = option.description;
    if (option.required) description += " (required)";
    if (!option.choices.empty()) description += " (" + option.value + ")";
    if (!option.range.empty()) description += " (" + option.range + ")";
    text += Comment(description);
    text.append("#").append(option.key).append(" = ").append(ValueOf(option, policy)).append("\n");
  }
  return text;
}

}  // namespace shadowtutor::cli::reference
