// Ctrl-C that ends a command cleanly: the first SIGINT or SIGTERM asks, the second one insists.
#ifndef SHADOWTUTOR_CLI_INTERRUPT_H_
#define SHADOWTUTOR_CLI_INTERRUPT_H_

namespace shadowtutor::cli {

/// Exit code of a process that was told to stop a second time, as shells count it for SIGINT.
inline constexpr int kInterruptedExitCode = 130;

/// Catches SIGINT and SIGTERM from now on: the first one sets the flag that Interrupted() reads,
/// the second ends the process at once with kInterruptedExitCode. Calling it again changes nothing.
void InstallInterruptHandler();

/// Whether somebody asked to stop. Commands look at it between two frames and then finish their
/// files. Thread safety: any thread.
bool Interrupted();

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_INTERRUPT_H_
