// The limits that the system sets for this process.
#ifndef SHADOWTUTOR_CLI_PROCESS_LIMITS_H_
#define SHADOWTUTOR_CLI_PROCESS_LIMITS_H_

namespace shadowtutor::cli {

/// Raises the limit of open files to what the system allows this process: most systems begin with
/// 1024, for the sake of old programs. Does nothing where that fails. Thread safety: any thread.
void RaiseOpenFileLimit();

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_PROCESS_LIMITS_H_
