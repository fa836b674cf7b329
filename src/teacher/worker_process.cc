#include "teacher/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "shadowtutor/types.h"

extern char** environ;

namespace shadowtutor::teacher {
namespace {

using std::chrono::milliseconds;

// How often a process is looked at whose socket another process may still hold.
constexpr milliseconds kLook{50};
// How often, while it is ending.
constexpr milliseconds kShortLook{2};

[[noreturn]] void NoneLeft() {
  throw Error(ErrorCode::kUnavailable,
              std::string("cannot start another process: ") + std::strerror(errno));
}

// The same descriptor above those that the child gets, so that none of them is overwritten.
FileDescriptor Moved(FileDescriptor from) {
  FileDescriptor moved(fcntl(from.get(), F_DUPFD_CLOEXEC, WorkerProcess::kScript + 1));
  if (!moved) NoneLeft();
  return moved;
}

struct Pair {
  FileDescriptor ours, childs;
};

Pair Sockets() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) NoneLeft();
  Pair pair{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  fcntl(pair.ours.get(), F_SETFL, O_NONBLOCK);
  pair.childs = Moved(std::move(pair.childs));
  return pair;
}

Pair PipeToChild() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) NoneLeft();
  Pair pair{FileDescriptor(ends[1]), FileDescriptor(ends[0])};
  pair.childs = Moved(std::move(pair.childs));
  return pair;
}

// posix_spawn's two parameter objects.
class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&files_);
    posix_spawnattr_init(&attributes_);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t* files() { return &files_; }
  posix_spawnattr_t* attributes() { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

std::string HowEnded(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return std::string("signal ") + std::to_string(number) + ", " + strsignal(number);
  }
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

WorkerProcess::WorkerProcess(const std::vector<std::string>& command, std::string_view script) {
  if (script.size() > kMaxScriptBytes) {
    throw Error(ErrorCode::kInternal, "the worker's script does not fit into a pipe");
  }
  Pair sockets = Sockets(), lifeline = PipeToChild();
  const Pair text = PipeToChild();
  // A user with very many pipes gets small ones, in which it would wait for ever.
  fcntl(text.ours.get(), F_SETFL, O_NONBLOCK);
  errno = ENOBUFS;  // where only a part fits
  const ssize_t written = write(text.ours.get(), script.data(), script.size());
  if (written != static_cast<ssize_t>(script.size())) NoneLeft();
  Start(command, sockets.childs.get(), lifeline.childs.get(), text.childs.get());
  socket_ = std::move(sockets.ours);
  lifeline_ = std::move(lifeline.ours);
}

void WorkerProcess::Start(const std::vector<std::string>& command, int socket, int lifeline,
                          int script) {
  SpawnSettings settings;
  posix_spawn_file_actions_addopen(settings.files(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(settings.files(), STDERR_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(settings.files(), socket, kSocket);
  posix_spawn_file_actions_adddup2(settings.files(), lifeline, kLifeline);
  posix_spawn_file_actions_adddup2(settings.files(), script, kScript);
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
  // Ours are closed by themselves. Those of libraries need not be.
  posix_spawn_file_actions_addclosefrom_np(settings.files(), kScript + 1);
#endif
#endif
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(settings.attributes(), &all);
  posix_spawnattr_setsigmask(settings.attributes(), &none);
  posix_spawnattr_setpgroup(settings.attributes(), 0);
  posix_spawnattr_setflags(settings.attributes(),
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int failed = posix_spawnp(&pid_, arguments[0], settings.files(), settings.attributes(),
                                  arguments.data(), environ);
  if (failed == 0) return;
  const bool out_of_something =
      failed == EAGAIN || failed == ENOMEM || failed == EMFILE || failed == ENFILE;
  throw Error(out_of_something ? ErrorCode::kUnavailable : ErrorCode::kNotFound,
              "cannot start " + command.front() + ": " + std::strerror(failed));
}

WorkerProcess::~WorkerProcess() {
  // What it has begun to say is not read any more; a worker that waits for us sees the end.
  socket_ = FileDescriptor();
  if (!killed_ && !WaitForEnd(Clock::now() + kEndTimeout)) {
    {
      const MutexLock lock(mutex_);
      SignalLocked(SIGTERM);
    }
    WaitForEnd(Clock::now() + kEndTimeout);
  }
  {
    const MutexLock lock(mutex_);
    SignalLocked(SIGKILL);
  }
  WaitForEnd(Clock::now() + kEndTimeout);
}

void WorkerProcess::Send(std::span<const uint8_t> bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    Wait(POLLOUT, deadline);
    // No SIGPIPE, which would count as the end of standard output.
    const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      ThrowEnded();
    }
  }
}

void WorkerProcess::Receive(std::span<uint8_t> bytes, Clock::time_point deadline) {
  while (!bytes.empty()) {
    Wait(POLLIN, deadline);
    const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (got > 0) {
      bytes = bytes.subspan(static_cast<size_t>(got));
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
      ThrowEnded();
    }
  }
}

bool WorkerProcess::WaitToReceive(Clock::time_point deadline) { return Ready(POLLIN, deadline); }

void WorkerProcess::Wait(short events, Clock::time_point deadline) {
  if (Ready(events, deadline)) return;
  throw Error(ErrorCode::kDeadlineExceeded, "the teacher's process does not answer");
}

bool WorkerProcess::Ready(short events, Clock::time_point deadline) {
  while (true) {
    if (killed_) throw Error(ErrorCode::kCancelled, "the teacher's process was interrupted");
    // Before the poll, so that what it said before its end is read.
    const bool ended = Ended();
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    const auto wait = ended ? milliseconds(0) : std::clamp(left, milliseconds(0), kLook);
    pollfd ready{socket_.get(), events, 0};
    if (poll(&ready, 1, static_cast<int>(wait.count())) > 0) return true;
    if (ended) ThrowEnded();
    if (left <= milliseconds(0)) return false;
  }
}

void WorkerProcess::ThrowEnded() {
  if (killed_) throw Error(ErrorCode::kCancelled, "the teacher's process was interrupted");
  // The socket may be closed a moment before the process has its exit code.
  std::string how = "it has closed its socket";
  if (WaitForEnd(Clock::now() + kEndTimeout)) {
    const MutexLock lock(mutex_);
    how = HowEnded(status_.value());
  }
  throw Error(ErrorCode::kUnavailable, "the teacher's process has ended (" + how +
                                           "); what it wrote before stands on standard error");
}

void WorkerProcess::Kill() {
  killed_ = true;
  const MutexLock lock(mutex_);
  SignalLocked(SIGKILL);
}

bool WorkerProcess::Ended() {
  const MutexLock lock(mutex_);
  return EndedLocked();
}

bool WorkerProcess::WaitForEnd(Clock::time_point deadline) {
  while (!Ended()) {
    if (Clock::now() >= deadline) return false;
    poll(nullptr, 0, static_cast<int>(kShortLook.count()));
  }
  return true;
}

bool WorkerProcess::EndedLocked() {
  if (status_) return true;
  siginfo_t info = {};
  // Not waited for yet: until then nobody else's process or group has its number.
  const int failed =
      waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 ? 0 : errno;
  if (failed == EINTR || (failed == 0 && info.si_pid == 0)) return false;
  int status = 0;
  if (failed == 0) {
    kill(-pid_, SIGKILL);  // those that it has started
    waitpid(pid_, &status, 0);
  }
  status_ = status;  // otherwise somebody else has waited for it
  return true;
}

void WorkerProcess::SignalLocked(int signal) {
  if (!status_) kill(-pid_, signal);
}

}  // namespace shadowtutor::teacher
