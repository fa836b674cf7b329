// What the library's advice is called on the command line. The library's sentences name a setting
// ("allow plain text"); whoever types a command reads the option beside it ("--insecure").
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
