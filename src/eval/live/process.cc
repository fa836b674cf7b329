#include "eval/live/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <thread>
#include <utility>

#include "shadowtutor/types.h"

extern char** environ;

namespace shadowtutor::eval::live {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{20};
constexpr int kCannotStart = 127;

// Between fork and exec: nothing but system calls.
[[noreturn]] void Become(char* const* arguments, int output, int errors, int network,
                         pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCannotStart);  // it ended before we could ask
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  const int nothing = open("/dev/null", O_RDONLY);
  const bool ready = nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
                     dup2(output, STDOUT_FILENO) >= 0 && dup2(errors, STDERR_FILENO) >= 0 &&
                     (network < 0 || setns(network, CLONE_NEWNET) == 0);
  if (ready) execve(arguments[0], arguments, environ);
  const char* why = std::strerror(errno);
  [[maybe_unused]] const ssize_t written = write(errors, why, std::strlen(why));
  _exit(kCannotStart);
}

int ExitCode(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Process::Process(const Command& command) {
  int pipes[2];
  if (pipe2(pipes, O_CLOEXEC) != 0) {
    throw Error(ErrorCode::kUnavailable, "no file descriptors are left for another process");
  }
  int errors = pipes[1];
  if (!command.log.empty()) {
    errors = open(command.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  }
  std::vector<char*> arguments;
  for (const std::string& argument : command.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const pid_t parent = getpid();
  if (errors >= 0) pid_ = fork();
  if (pid_ == 0) {
    Become(arguments.data(), pipes[1], errors, command.network_namespace, parent);
  }
  const int error = errno;
  close(pipes[1]);
  if (errors >= 0 && errors != pipes[1]) close(errors);
  output_ = pipes[0];
  if (pid_ < 0) {
    close(output_);
    throw Error(ErrorCode::kUnavailable,
                "cannot start " + command.arguments.front() + ": " + std::strerror(error));
  }
}

Process::~Process() {
  if (!exit_code_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(output_);
}

// Reads what there is, waiting for it a little; false at the end of the output.
bool Process::Fill(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
  pollfd readable{output_, POLLIN, 0};
  if (poll(&readable, 1, static_cast<int>(std::clamp<int64_t>(left.count(), 0, 100))) <= 0) {
    return true;
  }
  char part[4096];
  const ssize_t got = read(output_, part, sizeof part);
  if (got <= 0) return got < 0 && errno == EINTR;
  if (read_.size() < kMostOutput) read_.append(part, static_cast<size_t>(got));
  return true;
}

std::optional<std::string> Process::ReadLine(Clock::time_point deadline,
                                             const std::function<bool()>& stop) {
  while (true) {
    if (const size_t end = read_.find('\n'); end != std::string::npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    if (Clock::now() >= deadline || (stop && stop()) || !Fill(deadline)) return std::nullopt;
  }
}

std::string Process::ReadAll(Clock::time_point deadline) {
  while (Clock::now() < deadline && Fill(deadline)) {
  }
  return std::exchange(read_, {});
}

std::optional<int> Process::Wait(Clock::time_point deadline, const std::function<bool()>& stop) {
  while (!exit_code_) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_code_ = ExitCode(status);
    } else if (Clock::now() >= deadline || (stop && stop())) {
      return std::nullopt;
    } else {
      // Nobody else reads what it says, and a full pipe would keep it from ending.
      if (Fill(Clock::now() + kLook)) {
        read_.erase(0, read_.size() > kMostOutput ? read_.size() - kMostOutput : 0);
      } else {
        std::this_thread::sleep_for(kLook);
      }
    }
  }
  return exit_code_;
}

int Process::Terminate(Clock::time_point deadline) {
  if (!exit_code_) kill(pid_, SIGTERM);
  if (!Wait(deadline)) {
    kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    exit_code_ = ExitCode(status);
  }
  return *exit_code_;
}

std::filesystem::path FindProgram(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path != nullptr ? path : "/usr/bin:/bin") +
                             ":/usr/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::filesystem::path program = std::filesystem::path(folder) / name;
    if (!folder.empty() && access(program.c_str(), X_OK) == 0) return program;
  }
  return {};
}

std::string RunTool(const std::vector<std::string>& arguments) {
  constexpr std::chrono::seconds kPatience{20};
  const auto deadline = Process::Clock::now() + kPatience;
  Process process({.arguments = arguments, .log = {}});
  std::string output = process.ReadAll(deadline);
  const std::optional<int> code = process.Wait(deadline);
  std::string line;
  for (const std::string& argument : arguments) line += (line.empty() ? "" : " ") + argument;
  if (!code) {
    throw Error(ErrorCode::kDeadlineExceeded, "'" + line + "' did not end within 20 s");
  }
  if (*code != 0) {
    throw Error(ErrorCode::kUnavailable, "'" + line + "' failed: " + output);
  }
  return output;
}

}  // namespace shadowtutor::eval::live
