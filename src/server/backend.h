// A server without its transport: teacher, students, queues, deadlines and shutdown. A transport
// (rpc/server/) brings it streams.
#ifndef SHADOWTUTOR_SERVER_BACKEND_H_
#define SHADOWTUTOR_SERVER_BACKEND_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "core/mutex.h"
#include "distill/policy.h"
#include "nn/network.h"
#include "server/resources.h"
#include "server/stats.h"
#include "server/stream_registry.h"
#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "wire/limits.h"

namespace shadowtutor::server {

struct BackendOptions {
  distill::Policy policy;

  /// Key frames that are trained on side by side: at most one per thread (MaxThreads) and one per
  /// session. One that is alone has all threads. Each needs memory of its own
  /// (nn::TrainingWorkspace). 0: as many as that.
  int trainers = 0;
  int max_sessions = wire::kDefaultMaxSessions;  // of all transports together
  /// Of these, from one address; 0: three quarters of them, but as many for clients on this
  /// machine.
  int max_sessions_per_address = 0;
  /// When there is no more room, a session whose client has been silent for this long is ended.
  std::chrono::milliseconds yield_timeout = wire::kYieldTimeout;
  /// Larger frames are refused. `shadowtutor serve` has a lower default than the protocol's bound.
  size_t max_frame_pixels = kMaxFramePixels;
  std::chrono::milliseconds hello_timeout = wire::kHelloTimeout;
  std::chrono::milliseconds idle_timeout = wire::kIdleTimeout;
  /// The longest that one call of the teacher should take. A call that takes longer cannot be
  /// interrupted: its frame is answered with an error, and further frames are refused until it
  /// returns.
  std::chrono::milliseconds teacher_timeout = wire::kTeacherTimeout;

  /// After this time the training on a key frame takes no further step; the best weights so far
  /// are kept.
  std::chrono::milliseconds training_timeout = wire::kTrainingTimeout;

  /// Called with a line for every event, from any thread. May be empty, and may be a function of a
  /// text.
  std::function<void(const LogLine& line)> log;
  LogLevel log_level = LogLevel::kInfo;  // what is less pressing is left out
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

  /// Begins to look at the streams' deadlines. To be called once; does nothing after EndStreams.
  void Start() ST_EXCLUDES(mutex_);
  /// Stops looking at deadlines, opens no more streams and tells those that are open `why`. The
  /// transport then waits for their ends. Only the first call does something.
  void EndStreams(const Error& why) ST_EXCLUDES(mutex_);
  /// To be called after EndStreams. Waits at most `timeout` for a running call of the teacher, and
  /// as long for a running training job, which ends after its current step. Returns false when one
  /// of them has not returned: its thread is detached, and the process should end without running
  /// destructors (std::_Exit), because it may still use any object. A second call returns what the
  /// first one did.
  bool Shutdown(std::chrono::milliseconds timeout) ST_EXCLUDES(shutdown_mutex_);

  ServerStats stats() const;

 private:
  void WatchDeadlines();

  const std::shared_ptr<Resources> resources_;
  const std::shared_ptr<StreamRegistry> streams_;

  Mutex mutex_;
  CondVar wake_;
  bool stopping_ ST_GUARDED_BY(mutex_) = false;
  std::thread watcher_ ST_GUARDED_BY(mutex_);

  Mutex shutdown_mutex_;                                         // held while shutting down
  std::optional<bool> returned_ ST_GUARDED_BY(shutdown_mutex_);  // what Shutdown returned
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_BACKEND_H_
