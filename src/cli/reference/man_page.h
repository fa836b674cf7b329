// Manual pages, in the language of man(7).
#ifndef SHADOWTUTOR_CLI_REFERENCE_MAN_PAGE_H_
#define SHADOWTUTOR_CLI_REFERENCE_MAN_PAGE_H_

#include <string>
#include <string_view>
#include <vector>

#include "cli/reference/command_tree.h"

namespace shadowtutor::cli::reference {

struct ManPage {
  std::string name;  // of the file: "shadowtutor-student-init.1"
  std::string text;
};

/// A page for the program and one for each of its commands, at any depth.
std::vector<ManPage> ManPages(const CommandText& program);

/// Text as roff shows it: backslashes, quotes and dashes for themselves, no line taken for a
/// request, characters beyond ASCII by their numbers.
std::string Roff(std::string_view text);

}  // namespace shadowtutor::cli::reference

#endif  // SHADOWTUTOR_CLI_REFERENCE_MAN_PAGE_H_
