// Tests what happens to processes that do not keep to the protocol, or do not end.
#include "teacher/python_worker.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "teacher/testing/python_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::PlainImage;
using testing::Says;
using namespace std::chrono_literals;  // NOLINT

// The beginning of a worker that says what the test has it say. The frame is 6x4.
const std::string kSay = R"(
import os, struct, sys
def say(kind, length, content=b""): os.write(3, struct.pack("<II", kind, length) + content)
def ready(): say(1, 4, b"\0\0\0\0")
def take_frame():
    data = b""
    while len(data) < 16 + 72: data += os.read(3, 4096)
)";

class PythonWorkerTest : public PythonFilesTest {
 protected:
  Error Refused(const std::string& script) {
    const std::string whole = kSay + script;
    PythonWorkerOptions options;
    options.interpreter = PythonWithNumPy();
    options.file = File("net", "");
    options.script = whole;
    PythonWorker worker(options);
    const Error error = ErrorOf([&] {
      EXPECT_TRUE(worker.WaitUntilReady().empty());
      worker.Label(PlainImage(6, 4, 0, 0, 0));
    });
    alive_ = worker.alive();
    return error;
  }
  bool alive_ = false;
};

TEST_F(PythonWorkerTest, HostileAnswersAreRefused) {
  const std::string answer = "ready(); take_frame()\n";
  const std::string head = "struct.pack('<II', 6, 4) + bytes(24)";
  const struct {
    std::string script;
    const char* part;
  } hostile[] = {
      {"", "exit code 0"},
      {"sys.exit(5)", "exit code 5"},
      {"os.kill(os.getpid(), 9)", "signal 9"},
      {"os.write(3, b'\\1\\0\\0')", "exit code 0"},
      {"say(9, 4, b'abcd')", "its first message is none"},
      {"say(1, 0xffffffff)", "its first message is none"},
      {"say(1, 300000)", "its first message is none"},
      {"say(1, 0)", "ends too early"},
      {"say(1, 4, b'\\xff\\xff\\xff\\xff')", "ends too early"},
      {"say(1, 12, b'\\1\\0\\0\\0' + bytes(4) + b'\\xff\\xff\\xff\\xff')", "ends too early"},
      {"say(1, 8, bytes(8))", "too long"},
      {"say(2, 0)", "wrong length"},
      {"say(2, 0x7fffffff)", "wrong length"},
      {"say(2, 4, b'\\xff\\0\\0\\0')", "unknown reason"},
      {"say(2, 100, bytes(4) + b'half')", "exit code 0"},
      {answer, "exit code 0"},
      {answer + "say(1, 4, bytes(4))", "another message"},
      {answer + "say(4, 0)", "labels of a wrong length"},
      {answer + "say(4, 0xffffffff)", "labels of a wrong length"},
      {answer + "say(4, 36 + 5)", "labels of a wrong length"},
      {answer + "say(4, 36 + 16 * 10001)", "labels of a wrong length"},
      {answer + "say(4, 36, bytes(20))", "another size"},
      {answer + "say(4, 36, struct.pack('<II', 4, 6) + bytes(28))", "another size"},
      {answer + "say(4, 36, " + head + ")", "exit code 0"},
      {answer + "say(4, 36, " + head + " + struct.pack('<i', 1))", "wrong number of boxes"},
      {answer + "say(4, 52, " + head + " + struct.pack('<i', -1) + bytes(16))", "it has none"},
      {answer + "say(4, 52, " + head + " + struct.pack('<i', -2) + bytes(16))", "wrong number"},
  };
  for (const auto& [script, part] : hostile) {
    const Error error = Refused(script);
    EXPECT_TRUE(Says(error, part)) << script << ": " << error.what();
    EXPECT_TRUE(error.code() == ErrorCode::kDataLoss || error.code() == ErrorCode::kUnavailable);
    EXPECT_FALSE(alive_) << script;
  }
  const std::string box = " + struct.pack('<i4i', 1, 2147483647, 0, 2147483647, 1))";
  EXPECT_TRUE(Says(Refused(answer + "say(4, 52, " + head + box), "does not lie within"));
  EXPECT_TRUE(alive_);
}

TEST_F(PythonWorkerTest, AProcessThatWillNotEndIsKilled) {
  WorkerProcess::Clock::time_point start;
  pid_t pid = 0;
  {
    WorkerProcess process({"/bin/sh", "-c", "trap '' TERM; echo >&3; while :; do sleep 9; done"},
                          "");
    uint8_t line = 0;
    process.Receive({&line, 1}, WorkerProcess::Clock::now() + 60s);
    pid = process.pid();
    start = WorkerProcess::Clock::now();
  }
  EXPECT_GE(WorkerProcess::Clock::now() - start, 2 * WorkerProcess::kEndTimeout);
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_F(PythonWorkerTest, TheProcessEndsWithOurs) {
  // Somewhere in an import, where it does not look at its socket.
  const std::string file = File("net", "import os, signal\nos.write(2, b'.')\nsignal.pause()\n");
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t program = fork();
  ASSERT_GE(program, 0);
  if (program == 0) {
    dup2(ends[1], STDERR_FILENO);
    try {
      PythonWorkerOptions options;
      options.interpreter = PythonWithNumPy();
      options.file = file;
      PythonWorker(options).WaitUntilReady();
    } catch (...) {
    }
    _exit(1);
  }
  close(ends[1]);
  const auto next = [&] {
    pollfd readable{ends[0], POLLIN, 0};
    char byte = 0;
    return poll(&readable, 1, 60'000) == 1 ? read(ends[0], &byte, 1) : ssize_t{-1};
  };
  EXPECT_EQ(next(), 1);
  kill(program, SIGKILL);
  waitpid(program, nullptr, 0);
  EXPECT_EQ(next(), 0);  // nobody has the other end any more
  close(ends[0]);
}

}  // namespace
}  // namespace shadowtutor::teacher
