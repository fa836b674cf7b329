// Ends commands cleanly on Ctrl-C: the first SIGINT or SIGTERM asks the command to stop, the second
// one ends the process at once.
#ifndef SHADOWTUTOR_CLI_INTERRUPT_H_
#define SHADOWTUTOR_CLI_INTERRUPT_H_

namespace shadowtutor::cli {

/// The exit code of a command that a signal stopped; shells use the same one for SIGINT.
inline constexpr int kInterruptedExitCode = 130;

/// Catches SIGINT and SIGTERM from now on: the first one sets the flag that Interrupted() reads,
/// the second ends the process at once with kInterruptedExitCode. Calling it again changes nothing.
void InstallInterruptHandler();

/// Whether a signal has come. Commands ask between two frames and then finish their files. Thread
/// safety: any thread.
bool Interrupted();

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_INTERRUPT_H_
