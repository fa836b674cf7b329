// A server in your own process: a teacher on a port, one student per client. Component: server.
//
//   auto teacher = std::make_shared<MyTeacher>();  // teacher.h
//   shadowtutor::Server server(teacher, shadowtutor::Student::Fresh(teacher->classes()));
//   std::cout << server.address() << "\n";         // for Client::Connect
#ifndef SHADOWTUTOR_SERVER_H_
#define SHADOWTUTOR_SERVER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shadowtutor/student.h"
#include "shadowtutor/teacher.h"
#include "shadowtutor/trainer.h"
#include "shadowtutor/types.h"

namespace shadowtutor {

/// docs/protocol.md explains the limits.
struct ServerOptions : PolicyOptions {
  std::string listen = "127.0.0.1:0";  // port 0: any free port
  std::string certificate, key;        // PEM files: TLS
  std::string authority;               // PEM file: clients need a certificate of this authority
  bool insecure = false;               // allows plain text on addresses that others can reach

  int max_sessions = 16;  // clients at a time
  int trainers = 0;       // key frames trained on side by side; 0: as many as there are cores
  /// Larger frames are refused.
  size_t max_frame_pixels = size_t{4096} * 2160;
  /// What the teacher may take for a frame; then it is answered with an error.
  std::chrono::milliseconds teacher_timeout{30'000};

  /// Called with a line of text for every event, from any thread. May be empty.
  std::function<void(const std::string& line)> log;
};

/// One client of a server.
struct SessionStats {
  std::string id;
  uint64_t version = 0;  // of its student
  uint64_t key_frames = 0;
  uint64_t steps = 0;  // distillation steps
  double metric = -1;  // mIoU on its last key frame after training; -1 before the first
};

/// What a server has done so far.
struct ServerStats {
  double uptime_s = 0;
  uint64_t sessions_opened = 0;
  uint64_t sessions_refused = 0;   // because the server was full
  uint64_t key_frames = 0;         // answered with an update
  uint64_t key_frames_failed = 0;  // answered with an error
  uint64_t steps = 0;              // distillation steps
  uint64_t bytes_up = 0;           // of key frames
  uint64_t bytes_down = 0;         // of updates and students
  double teacher_ms = 0;           // of the last key frame
  double train_ms = 0;
  std::vector<SessionStats> sessions;  // those open now
};

/// Thread safety: all functions may be called from any thread; the teacher is called from one at a
/// time, of the library's own.
class Server {
 public:
  /// Begins to serve. `student` is what sessions start from; its classes must be the teacher's.
  /// Throws Error kInvalidArgument for options out of range, a student that does not fit, or plain
  /// text on an address that others can reach; kNotFound for a file; kUnavailable when it cannot
  /// listen there.
  Server(std::shared_ptr<Teacher> teacher, const Student& student,
         const ServerOptions& options = {});
  /// Shuts down. A call of the teacher that does not return within some seconds is left behind on
  /// its thread, and keeps the teacher.
  ~Server();
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;

  /// HOST:PORT, with the port in use.
  std::string address() const;
  ServerStats stats() const;
  /// Ends all sessions, and returns when they have ended. Returns false when a call of the teacher
  /// has not returned: the process should then end without running destructors (std::_Exit),
  /// because that call may still use any object.
  bool Shutdown();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_SERVER_H_
