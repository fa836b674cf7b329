// A child process that answers messages over a socket, and that ends when this process does.
#ifndef SHADOWTUTOR_TEACHER_WORKER_PROCESS_H_
#define SHADOWTUTOR_TEACHER_WORKER_PROCESS_H_

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_descriptor.h"
#include "core/mutex.h"

namespace shadowtutor::teacher {

/// Starts a program with these descriptors and no others: nothing to read on standard input;
/// standard output is this process's standard error, like standard error; kSocket is one end of the
/// socket; kLifeline the reading end of a pipe whose other end only this process has; kScript the
/// reading end of a pipe with the script in it. The program has a process group of its own, so that
/// Ctrl-C in a terminal does not reach it, and the signals' default handlers. What it has started
/// itself is ended together with it, as long as that stays in its group.
///
/// Thread safety: Kill may be called from any thread, the rest from one at a time.
class WorkerProcess {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr int kSocket = 3, kLifeline = 4, kScript = 5;
  /// A script must fit into a pipe that nobody reads yet.
  static constexpr size_t kMaxScriptBytes = 60'000;

  /// Starts `command`, whose first word is a path or a name to be found in PATH. Throws Error:
  /// kNotFound (there is no such program, or it cannot be executed), kUnavailable (there are no
  /// descriptors or processes left).
  WorkerProcess(const std::vector<std::string>& command, std::string_view script);
  /// Asks the process to end by closing the socket, then by SIGTERM, then ends it and its process
  /// group by SIGKILL. Takes a few milliseconds, and with one that will not end at most kEndTimeout
  /// for each of the three.
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// Sends or receives all of the bytes. Throws Error: kUnavailable (the process has ended, with
  /// how it ended in the sentence), kDeadlineExceeded, kCancelled (Kill was called).
  void Send(std::span<const uint8_t> bytes, Clock::time_point deadline);
  void Receive(std::span<uint8_t> bytes, Clock::time_point deadline);
  /// Waits until there is something to receive, and returns whether there is by the deadline.
  /// Throws as Receive otherwise.
  bool WaitToReceive(Clock::time_point deadline);

  /// Ends the process and its group by SIGKILL. Does not wait. Calls that are under way, and later
  /// ones, throw kCancelled.
  void Kill() ST_EXCLUDES(mutex_);
  bool killed() const { return killed_; }
  /// Whether it has ended.
  bool Ended() ST_EXCLUDES(mutex_);
  pid_t pid() const { return pid_; }

  static constexpr std::chrono::milliseconds kEndTimeout{2'000};

 private:
  void Start(const std::vector<std::string>& command, int socket, int lifeline, int script);
  /// Waits until the socket is ready for `events`, and returns whether it is by the deadline.
  /// Throws as Send otherwise.
  bool Ready(short events, Clock::time_point deadline);
  /// The same, but throws kDeadlineExceeded where that returns false.
  void Wait(short events, Clock::time_point deadline);
  [[noreturn]] void ThrowEnded();
  bool WaitForEnd(Clock::time_point deadline) ST_EXCLUDES(mutex_);
  bool EndedLocked() ST_REQUIRES(mutex_);
  void SignalLocked(int signal) ST_REQUIRES(mutex_);

  FileDescriptor socket_, lifeline_;
  pid_t pid_ = -1;
  std::atomic<bool> killed_{false};
  Mutex mutex_;
  // The process's status once it has been waited for; its number may be another's from then on.
  std::optional<int> status_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_WORKER_PROCESS_H_
