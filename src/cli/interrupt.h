// Ends commands cleanly on Ctrl-C, when the terminal closes, and when nobody reads their output any
// more: the signal asks the command to stop, and it completes its files.
#ifndef SHADOWTUTOR_CLI_INTERRUPT_H_
#define SHADOWTUTOR_CLI_INTERRUPT_H_

namespace shadowtutor::cli {

/// The exit code of a command that a signal stopped; shells use the same one for SIGINT.
inline constexpr int kInterruptedExitCode = 130;

/// From now on the first SIGINT, SIGTERM, SIGHUP or SIGPIPE sets the flag that Interrupted() reads.
/// A second SIGINT or SIGTERM ends the process at once with kInterruptedExitCode, unless it is the
/// same one within 0.1 s. SIGHUP and SIGPIPE never do, because they come several times: shells pass
/// SIGHUP on, and each write into a pipe that nobody reads brings a SIGPIPE. A SIGHUP that was
/// ignored at the start, as by nohup, stays ignored. Calling it again changes nothing.
void InstallInterruptHandler();

/// The same for servers, which go on without a terminal: only SIGINT and SIGTERM count, SIGPIPE is
/// ignored, and SIGHUP asks to read files again (TakeReloadRequest), as administrators expect of
/// it; also where it was ignored at the start.
void InstallServerInterruptHandler();

/// What is called before a second signal ends the process, such as to restore a terminal; null:
/// nothing. It may call what is async-signal-safe only.
void BeforeSecondSignal(void (*restore)());

/// Whether a SIGHUP has come to a server since the last call. Thread safety: any thread.
bool TakeReloadRequest();

/// Whether a signal has come. Commands ask between two frames and then finish their files. Thread
/// safety: any thread.
bool Interrupted();

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_INTERRUPT_H_
