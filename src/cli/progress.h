// Shows on standard error how far a command is.
#ifndef SHADOWTUTOR_CLI_PROGRESS_H_
#define SHADOWTUTOR_CLI_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace shadowtutor::cli {

/// On a terminal there is one progress line, which is overwritten and, in the end, removed. In a
/// log each is a line of its own, so a log gets fewer of them.
///
/// Thread safety: Print, any thread; the rest, one thread.
class Progress {
 public:
  Progress();
  /// Clears.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  bool on_terminal() const { return on_terminal_; }

  /// Whether it is time for the next progress line: on a terminal and in a log at most one in so
  /// long. Counts from the last time that it said yes.
  bool IsDue(std::chrono::milliseconds on_terminal, std::chrono::milliseconds in_log);
  /// The same for logs that get a line for every `in_log`th of what is `done`.
  bool IsDue(std::chrono::milliseconds on_terminal, int64_t done, int64_t in_log);

  /// The new progress line.
  void Show(const std::string& line) const;
  /// A line that stays, above the progress line.
  void Print(const std::string& line) const;
  /// Removes the progress line from the terminal.
  void Clear() const;

 private:
  const bool on_terminal_;
  std::optional<std::chrono::steady_clock::time_point> last_;
};

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_PROGRESS_H_
