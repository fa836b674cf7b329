// The Python function of a teacher, in a child process that runs python_worker.py. The messages
// between the two are described there.
#ifndef SHADOWTUTOR_TEACHER_PYTHON_WORKER_H_
#define SHADOWTUTOR_TEACHER_PYTHON_WORKER_H_

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shadowtutor/types.h"
#include "teacher/worker_process.h"

namespace shadowtutor::teacher {

/// The text of python_worker.py.
extern const std::string_view kPythonWorker;

struct PythonWorkerOptions {
  std::string interpreter = "python3";  // a path, or a name to be found in PATH
  std::filesystem::path file;
  std::string function;
  /// From the start until the module is imported, which may load a large network.
  std::chrono::milliseconds start_timeout{300'000};
  /// For one frame.
  std::chrono::milliseconds frame_timeout{600'000};
  std::string_view script = kPythonWorker;  // for tests to replace
};

/// Every answer is checked as if it came from a stranger: what the function does can reach the
/// socket, too.
///
/// Thread safety: Kill may be called from any thread, the rest from one at a time.
class PythonWorker {
 public:
  /// Starts the interpreter and does not wait for it. Throws Error: kNotFound (there is no such
  /// interpreter or file), kUnavailable (there are no processes left).
  explicit PythonWorker(PythonWorkerOptions options);
  /// Ends the process; at once if it cannot label another frame, because it may not look at its
  /// socket then.
  ~PythonWorker();

  /// Waits at most `wait` for what WaitUntilReady waits for. Returns whether that has nothing to
  /// wait for any longer, be it because its time is up. Throws Error kUnavailable (it ended),
  /// kCancelled (Kill was called).
  bool HasAnswered(std::chrono::milliseconds wait);
  /// Waits until the module is imported. Returns the classes that it names, none if it names none;
  /// whether they can be a student's is not checked. Throws Error: kNotFound (there is no such
  /// function), kFailedPrecondition (the file raised, or its interpreter cannot be used),
  /// kDeadlineExceeded, kUnavailable (it ended), kDataLoss (it does not keep to the protocol),
  /// kCancelled (Kill was called). Afterwards the worker is of no use.
  ClassList WaitUntilReady();

  /// Calls the function. The answer's labels have the frame's size, and its boxes lie within.
  /// Throws Error: kUnavailable with alive() (the function raised), kInvalidArgument (its answer is
  /// none); otherwise as WaitUntilReady, and the worker is of no use any more.
  TeacherAnswer Label(ImageView frame);

  /// Whether it can label another frame.
  bool alive() const { return alive_; }
  /// Whether the process has ended, or Kill was called.
  bool Ended() { return process_.killed() || process_.Ended(); }
  void Kill() { process_.Kill(); }
  pid_t pid() const { return process_.pid(); }

 private:
  struct Header {
    uint32_t kind = 0, length = 0;
  };
  Header ReceiveHeader(WorkerProcess::Clock::time_point deadline);
  /// Receives the sentence of a failure and throws it.
  [[noreturn]] void ReceiveFailure(uint32_t length, WorkerProcess::Clock::time_point deadline);
  TeacherAnswer ReceiveAnswer(uint32_t length, FrameSize size,
                              WorkerProcess::Clock::time_point deadline);
  std::vector<uint8_t> Receive(uint32_t length, WorkerProcess::Clock::time_point deadline);

  const PythonWorkerOptions options_;
  WorkerProcess process_;
  const WorkerProcess::Clock::time_point started_;
  bool alive_ = false;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_PYTHON_WORKER_H_
