// The whole command line: `shadowtutor` with all its subcommands.
#ifndef SHADOWTUTOR_CLI_PROGRAM_H_
#define SHADOWTUTOR_CLI_PROGRAM_H_

namespace CLI {
class App;
}

namespace shadowtutor::cli {

/// Names `app` and gives it its description, the version and all commands (cli/commands.h, where
/// `exit_code` is explained).
void MakeProgram(CLI::App& app, int& exit_code);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_PROGRAM_H_
