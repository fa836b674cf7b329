#include "cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace shadowtutor::cli {
namespace {

std::atomic<bool> interrupted{false};
std::atomic<bool> asked{false};  // by SIGINT or SIGTERM
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may not take locks");

// Only async-signal-safe calls in handlers.

extern "C" void OnRequest(int) {
  interrupted.store(true);
  // The second signal leaves without running destructors.
  if (asked.exchange(true)) _exit(kInterruptedExitCode);
}

extern "C" void OnLoss(int) { interrupted.store(true); }

void Handle(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  // Reads that are under way (a camera, a slow disk) go on instead of failing with EINTR.
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

bool IsIgnored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void InstallInterruptHandler() {
  Handle(SIGINT, OnRequest);
  Handle(SIGTERM, OnRequest);
  Handle(SIGPIPE, OnLoss);
  if (!IsIgnored(SIGHUP)) Handle(SIGHUP, OnLoss);
}

void InstallServerInterruptHandler() {
  Handle(SIGINT, OnRequest);
  Handle(SIGTERM, OnRequest);
  Handle(SIGPIPE, SIG_IGN);
  Handle(SIGHUP, SIG_IGN);
}

bool Interrupted() { return interrupted.load(); }

}  // namespace shadowtutor::cli
