// Adds command-line options to the library's error sentences. A sentence of the library names a
// setting ("allow plain text"); the command line adds the option for it ("--insecure").
#ifndef SHADOWTUTOR_CLI_HINTS_H_
#define SHADOWTUTOR_CLI_HINTS_H_

#include <string>
#include <string_view>

#include "shadowtutor/types.h"

namespace shadowtutor::cli {

/// `sentence`, followed in brackets by the options of the subcommand `command` ("run", "serve",
/// ...) that stand for `about`; the sentence alone where the command has none.
std::string WithOptions(std::string_view command, std::string_view sentence, Setting about);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_HINTS_H_
