#include "cli/interrupt.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace shadowtutor::cli {
namespace {

std::atomic<bool> interrupted{false};
std::atomic<bool> reload{false};
std::atomic<void (*)()> before_second_signal{nullptr};
// When SIGINT or SIGTERM came first, in milliseconds, and which of them, in the lowest 7 bits; 0:
// never. One number, because handlers may run on several threads.
std::atomic<int64_t> asked{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free,
              "a signal handler may not take locks");
// Equal signals within so many milliseconds count as one.
constexpr int64_t kOneRequest = 100;

// Only async-signal-safe calls in handlers.

// clock_gettime may be called in handlers.
int64_t Milliseconds() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{1000} * now.tv_sec + now.tv_nsec / 1'000'000;
}

extern "C" void OnRequest(int signal) {
  interrupted.store(true);
  int64_t first = 0;
  const int64_t now = Milliseconds();
  if (asked.compare_exchange_strong(first, (now << 7) | signal)) return;
  // The second signal leaves without running destructors. But some programs, such as timeout(1),
  // send the same one to the process and to its group.
  const bool same = signal == (first & 0x7f) && now - (first >> 7) < kOneRequest;
  if (same) return;
  if (void (*restore)() = before_second_signal.load()) restore();
  _exit(kInterruptedExitCode);
}

extern "C" void OnReload(int) { reload.store(true); }

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
  Handle(SIGHUP, OnReload);
}

void BeforeSecondSignal(void (*restore)()) { before_second_signal.store(restore); }

bool TakeReloadRequest() { return reload.exchange(false); }

bool Interrupted() { return interrupted.load(); }

}  // namespace shadowtutor::cli
