#include "cli/standard_output.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include "cli/interrupt.h"

namespace shadowtutor::cli {

void PrepareStandardOutput() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest number that is free, which is this one. Output to one that is open for reading
    // fails, and so is noticed.
    const int mode = descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", mode) < 0) return;  // NOLINT: kept open
  }
  signal(SIGXFSZ, SIG_IGN);
}

int FlushStandardOutput(int exit_code) {
  const bool failed_before = std::ferror(stdout) != 0;
  errno = 0;
  const bool fails_now = std::fflush(stdout) != 0;
  const int reason = fails_now ? errno : 0;
  if ((!failed_before && !fails_now) || exit_code != 0) return exit_code;
  // SIGPIPE has told it before.
  if (Interrupted() && (reason == EPIPE || reason == 0)) return kInterruptedExitCode;
  // Of a write that failed earlier, the system no longer tells the reason.
  std::fprintf(stderr, "shadowtutor: cannot write all results to standard output: %s\n",
               reason != 0 ? std::strerror(reason)
                           : "it is closed, or what it leads to is full or cannot be written");
  return 1;
}

}  // namespace shadowtutor::cli
