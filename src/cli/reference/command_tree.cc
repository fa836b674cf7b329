#include "cli/reference/command_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/program.h"
#include "cli/settings.h"
#include "cli/value_types.h"

namespace shadowtutor::cli::reference {
namespace {

using Kind = OptionText::Kind;

// CLI11 calls a type and its check "TEXT:{raw,jpeg}", "INT:INT in [1 - 3]" or "FILE".
void SetValue(const std::string& type, OptionText& text) {
  const size_t colon = type.find(':');
  const std::string base = type.substr(0, colon);
  const std::string check = colon == std::string::npos ? "" : type.substr(colon + 1);
  const size_t range = check.find(" in [");
  text.value = base;
  if (range != std::string::npos) {
    text.range = CLI::detail::find_and_replace(check.substr(range + 5, check.size() - range - 6),
                                               " - ", " to ");
  }
  if (check.starts_with('{') && check.ends_with('}')) {
    text.kind = Kind::kChoice;
    text.choices = CLI::detail::split(check.substr(1, check.size() - 2), ',');
    text.value = CLI::detail::join(text.choices, "|");
  } else if (base == kFileValue) {
    text.kind = Kind::kFile;
  } else if (base == kFolderValue) {
    text.kind = Kind::kFolder;
  } else if (base == kPathValue) {
    text.kind = Kind::kPath;
  }
}

std::vector<std::string> Names(const std::set<CLI::Option*>& options) {
  std::vector<std::string> names;
  names.reserve(options.size());
  for (const CLI::Option* option : options) names.push_back(option->get_name());
  std::sort(names.begin(), names.end());  // the set is in the order of addresses
  return names;
}

OptionText Describe(const CLI::Option& option) {
  OptionText text;
  text.positional = option.get_positional();
  if (text.positional) {
    text.names = {option.get_name(true)};
  } else {
    for (const std::string& name : option.get_lnames()) text.names.push_back("--" + name);
    for (const std::string& name : option.get_snames()) text.names.push_back("-" + name);
  }
  text.required = option.get_required();
  text.many = option.get_expected_max() > 1;
  text.separator = option.get_delimiter();
  text.description = option.get_description();
  text.needs = Names(option.get_needs());
  text.excludes = Names(option.get_excludes());
  if (option.get_type_size() == 0 || option.get_expected_max() == 0) {
    text.kind = Kind::kFlag;
  } else {
    text.value_may_be_left_away = option.get_expected_min() == 0;
    text.default_value = option.get_default_str();
    SetValue(option.get_type_name(), text);
  }
  return text;
}

void AddOptions(CLI::App& app, const std::string& heading, CommandText& text) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    text.options.push_back(Describe(*option));
    text.options.back().group = option->get_group() == "Options" ? heading : option->get_group();
  }
}

CommandText Describe(CLI::App& app, const std::string& parents) {
  CommandText text;
  if (app.get_version_ptr() != nullptr) text.version = app.version();
  text.name = app.get_name();
  text.full_name = parents + text.name;
  text.description = app.get_description();
  text.footer = app.get_footer();
  AddOptions(app, "", text);
  for (CLI::App* other : app.get_subcommands({})) {
    if (other->get_name().empty()) {
      AddOptions(*other, other->get_group(), text);
    } else {
      text.commands.push_back(Describe(*other, text.full_name + " "));
    }
  }
  if (app.get_option_no_throw(kConfigOption) == nullptr) return text;
  for (OptionText& option : text.options) {
    const std::string& name = option.names.front();
    if (option.positional || name == "--help") continue;
    const CLI::Option& of = *app.get_option(name);
    option.variable = SettingVariable(app, of);
    if (name != kConfigOption) option.key = SettingName(of);
  }
  return text;
}

}  // namespace

const CommandText* CommandText::Find(const std::string& wanted) const {
  const auto found =
      std::find_if(commands.begin(), commands.end(),
                   [&](const CommandText& command) { return command.name == wanted; });
  return found == commands.end() ? nullptr : &*found;
}

CommandText Describe(CLI::App& app) { return Describe(app, ""); }

CommandText DescribeProgram() {
  CLI::App app;
  int exit_code = 0;
  MakeProgram(app, exit_code);
  return Describe(app);
}

}  // namespace shadowtutor::cli::reference
