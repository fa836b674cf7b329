// Standard output, which may be closed, full, or a pipe that nobody reads any more.
#ifndef SHADOWTUTOR_CLI_STANDARD_OUTPUT_H_
#define SHADOWTUTOR_CLI_STANDARD_OUTPUT_H_

namespace shadowtutor::cli {

/// Call it first in main. If standard input, output or error is closed, its descriptor is taken by
/// /dev/null, because otherwise the next file that is opened would get it, and lines for the user
/// would go into that file. Writing to a standard output that was closed fails. Also lets writes
/// beyond a limit on the size of files fail, instead of ending the process.
void PrepareStandardOutput();

/// Call it last in main. Writes what is still in memory, and returns the process's exit code: that
/// of the command, or if that is 0 and something could not be written, 1, after a sentence on
/// standard error (kInterruptedExitCode where a signal said that nobody reads it).
int FlushStandardOutput(int exit_code);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_STANDARD_OUTPUT_H_
