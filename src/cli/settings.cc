#include "cli/settings.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/settings_file.h"
#include "cli/value_types.h"
#include "shadowtutor/types.h"

namespace shadowtutor::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Refuse(const std::string& sentence) {
  throw Error(ErrorCode::kInvalidArgument, sentence);
}

std::string InCapitals(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

std::string VariablePrefix(const CLI::App& command) {
  return "SHADOWTUTOR_" + InCapitals(command.get_name()) + "_";
}

// All of a command that a file or the environment may give, also those in groups.
std::vector<CLI::Option*> OptionsOf(CLI::App& command) {
  std::vector<CLI::Option*> options;
  for (CLI::Option* option : command.get_options()) {
    if (!option->get_lnames().empty() && option != command.get_help_ptr()) {
      options.push_back(option);
    }
  }
  for (CLI::App* group : command.get_subcommands({})) {
    if (!group->get_name().empty()) continue;
    for (CLI::Option* option : OptionsOf(*group)) options.push_back(option);
  }
  return options;
}

bool IsFlag(const CLI::Option& option) { return option.get_expected_min() == 0; }

std::optional<bool> AsBool(std::string_view text) {
  for (const char* word : {"true", "on", "yes", "1"}) {
    if (text == word) return true;
  }
  for (const char* word : {"false", "off", "no", "0"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

// `place`: "serve.conf, line 3"; `key` as it is called there.
void Give(CLI::Option& option, const std::string& value, const std::string& place,
          const std::string& key) {
  const auto refuse = [&](const std::string& reason) {
    Refuse(place + ": " + key + " cannot be '" + value + "' (" + reason +
           "); correct it there, or leave it away");
  };
  if (IsFlag(option)) {
    const std::optional<bool> on = AsBool(value);
    if (!on) refuse("it takes true or false");
    // As if it were not given: other options may depend on that.
    if (!*on) return;
  }
  try {
    option.add_result(value);
    option.run_callback();
  } catch (const CLI::Error& error) {
    refuse(error.what());
  } catch (const Error& error) {
    refuse(error.what());
  }
}

class Reader {
 public:
  Reader(CLI::App& command, std::map<std::string, std::string>& places)
      : command_(command), places_(places) {
    for (CLI::Option* option : OptionsOf(command)) {
      const bool typed = option->get_name() != kConfigOption && option->count() > 0;
      entries_.push_back({option, typed});
    }
  }

  void ReadEnvironment() {
    const std::string prefix = VariablePrefix(command_);
    for (char** entry = environ; *entry != nullptr; ++entry) {
      const std::string_view text = *entry;
      const size_t equals = text.find('=');
      if (equals == std::string_view::npos || !text.starts_with(prefix)) continue;
      const std::string variable(text.substr(0, equals));
      const std::string value(text.substr(equals + 1));
      if (value.empty()) continue;
      Entry* of =
          Find([&](const Entry& e) { return SettingVariable(command_, *e.option) == variable; });
      if (of == nullptr) {
        Refuse("the environment variable " + variable + " stands for no option of '" +
               command_.get_name() + "'; unset it, or correct its name ('shadowtutor " +
               command_.get_name() + " --help' lists the options)");
      }
      if (of->option->get_name() == kConfigOption) {
        variable_config_ = value;
      } else {
        Set(*of, value, "the environment", variable);
      }
    }
  }

  /// `typed`: as on the command line; empty if it was not given there.
  void ReadFile(const std::string& typed) {
    const fs::path file = typed.empty() ? variable_config_ : typed;
    if (file.empty()) return;
    for (const FileSetting& setting : ReadSettings(file)) {
      const std::string place = file.string() + ", line " + std::to_string(setting.line);
      Entry* of = Find([&](const Entry& e) { return SettingName(*e.option) == setting.name; });
      if (of == nullptr) RefuseKey(setting.name, place);
      if (of->option->get_name() == kConfigOption) {
        Refuse(place + ": a configuration file cannot name another; leave the line away");
      }
      Set(*of, FromFolder(*of->option, file.parent_path(), setting.value), place, setting.name);
    }
  }

 private:
  struct Entry {
    CLI::Option* option;
    bool given;  // where it counts for more
  };

  template <typename Condition>
  Entry* Find(Condition condition) {
    const auto found = std::find_if(entries_.begin(), entries_.end(), condition);
    return found == entries_.end() ? nullptr : &*found;
  }

  // A value that is overridden is checked neither: it may be what the override is to correct.
  void Set(Entry& entry, const std::string& value, const std::string& place,
           const std::string& key) {
    if (entry.given) return;
    entry.given = true;
    Give(*entry.option, value, place, key);
    places_[entry.option->get_name()] = key + ": " + place;
  }

  static std::string FromFolder(const CLI::Option& option, const fs::path& folder,
                                const std::string& value) {
    const std::string type = option.get_type_name();
    const bool is_path = type == kFileValue || type == kFolderValue || type == kPathValue;
    return is_path ? (folder / value).string() : value;  // an absolute one stays as it is
  }

  [[noreturn]] void RefuseKey(const std::string& name, const std::string& place) {
    std::string likely = name;
    std::replace(likely.begin(), likely.end(), '_', '-');
    likely.erase(0, std::min(likely.find_first_not_of('-'), likely.size()));
    const bool known =
        Find([&](const Entry& e) { return SettingName(*e.option) == likely; }) != nullptr;
    Refuse(place + ": there is no option '" + name + "'; " +
           (known ? "write " + likely
                  : "'shadowtutor " + command_.get_name() +
                        " --help' lists the options, whose names without dashes are the keys"));
  }

  CLI::App& command_;
  std::map<std::string, std::string>& places_;
  std::vector<Entry> entries_;
  std::string variable_config_;
};

}  // namespace

std::string SettingName(const CLI::Option& option) { return option.get_lnames().front(); }

std::string SettingVariable(const CLI::App& command, const CLI::Option& option) {
  return VariablePrefix(command) + InCapitals(SettingName(option));
}

std::string Settings::WithPlaces(std::string sentence) const {
  std::string places;
  for (const auto& [option, place] : places_) {
    const size_t at = sentence.find(option);
    if (at == std::string::npos) continue;
    // Not --max-frame in --max-frames.
    const size_t end = at + option.size();
    const bool whole =
        end == sentence.size() ||
        (std::isalnum(static_cast<unsigned char>(sentence[end])) == 0 && sentence[end] != '-');
    if (whole) places += " (" + place + ")";
  }
  return sentence + places;
}

std::shared_ptr<Settings> AddSettings(CLI::App& command) {
  auto settings = std::make_shared<Settings>();
  // CLI11 reads files and variables for whole programs only, and lets files override variables. So
  // this option's callback does it: it runs even if the option is not given, when the command line
  // has been read and before CLI11 looks what is missing and what does not go together.
  command
      .add_option_function<std::string>(
          kConfigOption,
          [settings, &command](const std::string& file) {
            const bool asks_for_help =
                command.get_help_ptr() != nullptr && command.get_help_ptr()->count() > 0;
            if (command.count() == 0 || asks_for_help) return;  // another command, or none, runs
            settings->places_.clear();
            Reader reader(command, settings->places_);
            reader.ReadEnvironment();
            reader.ReadFile(file);
          },
          "Take from this file what is not given here: a line 'name = value' for each option, "
          "without its dashes; paths count from the file's folder")
      ->type_name(kFileValue)
      ->force_callback();
  return settings;
}

}  // namespace shadowtutor::cli
