// Child processes that end when we do, with arguments as a list: no shell reads them.
#ifndef SHADOWTUTOR_EVAL_LIVE_PROCESS_H_
#define SHADOWTUTOR_EVAL_LIVE_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace shadowtutor::eval::live {

struct Command {
  std::vector<std::string> arguments;  // the program first, with its path
  std::filesystem::path log;           // gets standard error; empty: with standard output
  int network_namespace = -1;          // a file descriptor of it; -1: ours
};

/// Linux kills it when the thread that started it ends, so start it from one that stays. It is in a
/// process group of its own: Ctrl-C is for us, and we tell it.
///
/// Thread safety: one thread.
class Process {
 public:
  /// Throws Error kUnavailable when it cannot be started.
  explicit Process(const Command& command);
  /// SIGKILL if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  using Clock = std::chrono::steady_clock;
  /// The next line of its standard output, without its end. nullopt: it has no more, the deadline
  /// passed, or `stop` (may be empty) said so.
  std::optional<std::string> ReadLine(Clock::time_point deadline,
                                      const std::function<bool()>& stop = {});
  /// Everything that is left of it, at most kMostOutput bytes.
  std::string ReadAll(Clock::time_point deadline);
  /// Its exit code (128 + the signal that killed it) once it has ended; nullopt as above.
  std::optional<int> Wait(Clock::time_point deadline, const std::function<bool()>& stop = {});
  /// SIGTERM, and SIGKILL when it has not ended by the deadline. Returns its exit code.
  int Terminate(Clock::time_point deadline);

  static constexpr size_t kMostOutput = 1 << 20;

 private:
  bool Fill(Clock::time_point deadline);

  pid_t pid_ = -1;
  int output_ = -1;
  std::string read_;
  std::optional<int> exit_code_;
};

/// Where `name` is, in PATH or where administrators' tools are; empty if nowhere.
std::filesystem::path FindProgram(const std::string& name);

/// Runs a tool to its end and returns what it printed. Throws Error kUnavailable with that when it
/// fails, kDeadlineExceeded after 20 s.
std::string RunTool(const std::vector<std::string>& arguments);

}  // namespace shadowtutor::eval::live

#endif  // SHADOWTUTOR_EVAL_LIVE_PROCESS_H_
