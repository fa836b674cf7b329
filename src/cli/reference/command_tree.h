// The command line as data, taken from CLI11's own tree of commands and options: what manual pages,
// shell completion and the sample configuration are made of.
#ifndef SHADOWTUTOR_CLI_REFERENCE_COMMAND_TREE_H_
#define SHADOWTUTOR_CLI_REFERENCE_COMMAND_TREE_H_

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace shadowtutor::cli::reference {

struct OptionText {
  enum class Kind { kFlag, kText, kChoice, kFile, kFolder, kPath };

  /// All names as typed ("--no-wait", "-h"); of an argument without dashes its one name.
  std::vector<std::string> names;
  bool positional = false;
  bool required = false;
  bool value_may_be_left_away = false;  // as in --json and --json FILE
  bool many = false;                    // several values
  char separator = 0;                   // between several in one word; 0: none
  Kind kind = Kind::kText;
  std::string value;                 // what it takes: "FILE", "INT", "raw|jpeg"; empty for flags
  std::string range;                 // "1 to 3"; empty: not told
  std::vector<std::string> choices;  // of kChoice
  std::string default_value;         // empty: none
  std::string description;
  std::string group;                         // a heading; empty: the first one
  std::vector<std::string> needs, excludes;  // names of others
  std::string key, variable;                 // in files and in the environment; may be empty
};

struct CommandText {
  std::string name;       // "init"
  std::string full_name;  // "shadowtutor student init"
  std::string description, footer;
  std::string version;              // "shadowtutor 0.2.0"; of the program only
  std::vector<OptionText> options;  // with the positional ones, in the order of the help
  std::vector<CommandText> commands;

  const CommandText* Find(const std::string& name) const;  // among `commands`; null if not there
};

/// `app` with all its subcommands. Hidden options are left out.
CommandText Describe(CLI::App& app);

/// Of the whole program.
CommandText DescribeProgram();

}  // namespace shadowtutor::cli::reference

#endif  // SHADOWTUTOR_CLI_REFERENCE_COMMAND_TREE_H_
