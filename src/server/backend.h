// A server without its transport: teacher, students, queues, deadlines and shutdown. A transport
// (rpc/server/) brings it streams.
#ifndef SHADOWTUTOR_SERVER_BACKEND_H_
#define SHADOWTUTOR_SERVER_BACKEND_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/mutex.h"
#include "distill/trainer.h"
#include "nn/network.h"
#include "server/resources.h"
#include "server/stats.h"
#include "server/stream_registry.h"
#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "wire/limits.h"

namespace shadowtutor::server {

struct BackendOptions {
  distill::TrainerOptions trainer;
  int min_stride = 8;
  int max_stride = 64;

  int max_sessions = wire::kDefaultMaxSessions;  // of all transports together
  std::chrono::milliseconds hello_timeout = wire::kHelloTimeout;
  std::chrono::milliseconds idle_timeout = wire::kIdleTimeout;
  /// For one call of the teacher, which cannot be interrupted: when it is over, the frame is
  /// answered with an error, and other frames are refused until the teacher returns.
  std::chrono::milliseconds teacher_timeout = wire::kTeacherTimeout;

  /// Called with a line of text whenever something happened, from any thread. May be empty.
  std::function<void(const std::string& line)> log;
};

/// Thread safety: all functions may be called from any thread.
class Backend {
 public:
  /// `student` is what sessions start from; its classes must be the teacher's. `version` is this
  /// program's, for clients. Throws Error kInvalidArgument for options out of range or a student
  /// that does not fit the teacher.
  Backend(std::shared_ptr<teacher::Teacher> teacher, nn::Checkpoint student,
          const BackendOptions& options, const std::string& version);
  /// Ends all streams and shuts down.
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  /// For the conversations that a transport opens, and where it enters its streams.
  const std::shared_ptr<Resources>& resources() const { return resources_; }
  const std::shared_ptr<StreamRegistry>& streams() const { return streams_; }

  /// Begins to look at the streams' deadlines. Once.
  void Start();
  /// Stops looking at deadlines, opens no more streams and tells those that are open `why`. The
  /// transport then waits for their ends. Only the first call does something.
  void EndStreams(const Error& why) ST_EXCLUDES(mutex_);
  /// After EndStreams: waits for a training step that runs, and for a call of the teacher at most
  /// `timeout`. Returns false when that call still ran and was left to itself, so that this process
  /// should end without the destructors of what the call may use (std::_Exit).
  bool Shutdown(std::chrono::milliseconds timeout);

  ServerStats stats() const { return resources_->stats.Snapshot(); }

 private:
  void WatchDeadlines();

  const std::shared_ptr<Resources> resources_;
  const std::shared_ptr<StreamRegistry> streams_;

  Mutex mutex_;
  CondVar wake_;
  bool stopping_ ST_GUARDED_BY(mutex_) = false;
  std::thread watcher_;  // started by Start, joined by the first EndStreams
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_BACKEND_H_
