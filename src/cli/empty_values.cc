#include <CLI/CLI.hpp>
#include <string>

#include "cli/commands.h"

namespace shadowtutor::cli {

void RefuseEmptyValues(CLI::App& command) {
  const CLI::Validator check(
      [](const std::string& value) {
        return value.empty() ? std::string("the value is empty; give one, or leave the option away")
                             : std::string();
      },
      "");
  for (CLI::Option* option : command.get_options()) {
    if (option->get_items_expected_max() > 0) option->check(check);
  }
  for (CLI::App* below : command.get_subcommands({})) RefuseEmptyValues(*below);
}

}  // namespace shadowtutor::cli
