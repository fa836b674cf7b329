// What all conversations of a server share: the teacher, the job queues, the deadlines, the
// statistics and the log.
#ifndef SHADOWTUTOR_SERVER_RESOURCES_H_
#define SHADOWTUTOR_SERVER_RESOURCES_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/allowance.h"
#include "server/log_gate.h"
#include "server/log_line.h"
#include "server/observatory.h"
#include "server/scheduler.h"
#include "server/stats.h"
#include "server/teacher_watch.h"
#include "server/workspaces.h"
#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "tutor/session.h"
#include "wire/limits.h"

namespace shadowtutor::server {

/// All but the watch and the figures are set before the first conversation begins and constant
/// afterwards. Only jobs of `teaching` may use the teacher, save to interrupt it.
///
/// Thread safety: everything but the teacher may be used from any thread.
struct Resources {
  tutor::SessionOptions session;
  std::shared_ptr<teacher::Teacher> teacher;
  std::chrono::milliseconds hello_timeout = wire::kHelloTimeout;
  std::chrono::milliseconds idle_timeout = wire::kIdleTimeout;
  std::chrono::milliseconds teacher_timeout = wire::kTeacherTimeout;
  /// After this time the training on a key frame takes no further step.
  std::chrono::milliseconds training_timeout = wire::kTrainingTimeout;
  /// Larger frames are refused.
  size_t max_frame_pixels = kMaxFramePixels;
  /// How often one session may get the whole student.
  Rate whole_students = {wire::kWholeStudents, wire::kWholeStudentEvery};
  TeacherWatch teacher_watch;
  /// Set when the server shuts down: training takes no further step.
  std::atomic<bool> shutting_down = false;
  std::function<void(const LogLine& line)> log;  // may be empty; called from any thread
  LogLevel log_level = LogLevel::kInfo;          // what is less pressing is left out
  mutable LogGate log_gate;
  StatsBoard stats;
  Observatory observatory;
  std::unique_ptr<Scheduler> teaching;
  std::unique_ptr<Scheduler> training;
  Workspaces workspaces;  // for jobs of `training`
  /// Whether anything was trained since memory was released.
  std::atomic<bool> trained = false;

  /// Writes a line of the server's own into the log. Whatever it contains, it becomes one line
  /// that does nothing to a terminal, of at most wire::kMaxLogLineBytes.
  void Log(LogLine line) const;
  void Log(LogLevel level, const std::string& line) const { Log(LogLine{level, line}); }
  /// The same for a line that a client caused. Left out when there are too many; see LogGate.
  void Log(const std::string& source, LogLine line) const;
  /// Says how many lines were left out, if it is time.
  void LogLeftOut(std::chrono::steady_clock::time_point now) const;

  /// The number of the conversation whose frame the teacher has had for longer than
  /// `teacher_timeout`; nullopt while it is in time.
  std::optional<uint64_t> TeacherOverdue(TeacherWatch::Clock::time_point now) const {
    return teacher_watch.Overdue(now, teacher_timeout);
  }
  /// Asks the teacher to end a call that has taken longer than `timeout`.
  void InterruptTeacher(TeacherWatch::Clock::time_point now, std::chrono::milliseconds timeout) {
    teacher_watch.InterruptOverdue(now, timeout, [this] { teacher->Interrupt(); });
  }
  /// The error for a client that waits while the teacher is overdue. `with_this_frame`: whether the
  /// frame that the teacher is labelling is this client's.
  Error TeacherIsStuck(bool with_this_frame) const;
  /// The error for a frame of this size, nullopt if it is not too large.
  std::optional<Error> TooLarge(FrameSize size) const;
  /// Gives back what training has allocated: after a session with large frames that can be
  /// gigabytes. Does not wait.
  void ReleaseMemory();
};

/// Reports one call of the teacher to `teacher_watch`. To be constructed before the call and
/// destroyed after it.
class TeacherCall {
 public:
  /// `owner` is the number of the conversation whose frame it is.
  TeacherCall(Resources& resources, uint64_t owner);
  /// Logs the call if it took longer than `teacher_timeout`.
  ~TeacherCall();
  TeacherCall(const TeacherCall&) = delete;
  TeacherCall& operator=(const TeacherCall&) = delete;

 private:
  Resources& resources_;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_RESOURCES_H_
