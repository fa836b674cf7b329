// Lets the options of a command be given in a file and in the environment, too.
#ifndef SHADOWTUTOR_CLI_SETTINGS_H_
#define SHADOWTUTOR_CLI_SETTINGS_H_

#include <map>
#include <memory>
#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace shadowtutor::cli {

/// The option that names the file. Whether a command has it tells whether it has settings.
inline constexpr char kConfigOption[] = "--config";

/// The file's key for an option: its first long name without the dashes.
std::string SettingName(const CLI::Option& option);
/// Its environment variable: SHADOWTUTOR_SERVE_MAX_FRAME for --max-frame of `serve`.
std::string SettingVariable(const CLI::App& command, const CLI::Option& option);

/// Where the values come from that were not given on the command line. Thread safety: one thread.
class Settings {
 public:
  /// A sentence of an error, followed by the places from which the options come that it names:
  /// "... (--listen) (listen: serve.conf, line 4)".
  std::string WithPlaces(std::string sentence) const;

 private:
  friend std::shared_ptr<Settings> AddSettings(CLI::App& command);
  std::map<std::string, std::string> places_;  // by the option, with its dashes
};

/// Adds kConfigOption to `command`, which has all its other options by now. When the command is
/// parsed, each option that the command line does not have is taken from the environment, else from
/// the file. Relative paths in the file count from the file's own folder. A flag takes true, false,
/// on, off, yes, no, 1 and 0. Variables that are empty count as not set.
///
/// The parse then also throws Error kInvalidArgument, with the file, the line and the key, or the
/// variable, in its sentence: for what ReadSettings refuses, for a key or a variable (that begins
/// as this command's do) that is no option's, and for a value that the option does not take.
std::shared_ptr<Settings> AddSettings(CLI::App& command);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_SETTINGS_H_
