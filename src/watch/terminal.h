// A terminal as full-screen programs use it: another screen, keys without Enter; restored at the
// end.
#ifndef SHADOWTUTOR_WATCH_TERMINAL_H_
#define SHADOWTUTOR_WATCH_TERMINAL_H_

#include <chrono>
#include <string>
#include <vector>

namespace shadowtutor::watch {

struct TerminalSize {
  int width = 80, height = 24;
};

/// At most one at a time. Thread safety: one thread, but for Restore.
class Terminal {
 public:
  /// Whether standard input and output are one.
  static bool Available();

  /// Switches to another screen and hides the cursor. Keys come one by one; Ctrl-C is still a
  /// signal.
  Terminal();
  /// Shows again what was there before.
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Shows again what was there before, also within a signal handler; nothing while there is no
  /// Terminal.
  static void Restore();

  /// As it is now.
  TerminalSize size() const;
  /// Shows these lines, from the top, in place of those before. Returns false when the terminal is
  /// gone.
  bool Show(const std::vector<std::string>& lines);
  /// Waits for a key for so long at most; '\0' when none came, or a signal did.
  char WaitForKey(std::chrono::milliseconds timeout);
};

}  // namespace shadowtutor::watch

#endif  // SHADOWTUTOR_WATCH_TERMINAL_H_
