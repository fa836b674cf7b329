// The server: a teacher, a student to start from, and the gRPC service that trains one copy of it
// per client (proto/shadowtutor/v1, docs/protocol.md). gRPC's headers stay out of this one.
//
// It holds nothing that must survive: clients carry their students, and go on with another server
// or after a restart.
#ifndef SHADOWTUTOR_RPC_SERVER_SERVER_H_
#define SHADOWTUTOR_RPC_SERVER_SERVER_H_

#include <chrono>
#include <memory>
#include <string>

#include "nn/network.h"
#include "rpc/credentials.h"
#include "server/backend.h"
#include "server/stats.h"
#include "teacher/teacher.h"
#include "wire/limits.h"

namespace shadowtutor::rpc {

struct ServerOptions : server::BackendOptions {
  std::string listen = "127.0.0.1:50051";  // port 0: one that is free
  TlsFiles tls;
  /// Plain text for addresses that others can reach.
  bool insecure = false;

  size_t max_message_bytes = wire::kMaxMessageBytes;
  std::chrono::milliseconds write_timeout = wire::kWriteTimeout;
  std::chrono::milliseconds keep_alive_time = wire::kKeepAliveTime;
  std::chrono::milliseconds keep_alive_timeout = wire::kKeepAliveTimeout;
};

/// Thread safety: all functions may be called from any thread.
class Server {
 public:
  /// `student`'s classes must be the teacher's. Throws Error kInvalidArgument for options out of
  /// range, a student that does not fit the teacher, or plain text on an address that others can
  /// reach.
  Server(std::shared_ptr<teacher::Teacher> teacher, nn::Checkpoint student, ServerOptions options);
  /// Shuts down.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens. Throws Error kUnavailable when the address cannot be had. Once.
  void Start();
  /// The address with the port that was found, after Start.
  std::string address() const;

  /// Tells every client that the server is shutting down, and returns when the last stream is gone
  /// or cut off after `timeout`; a training step that runs is waited for, a teacher's call only as
  /// long. False: that call still ran and was left to itself, so that this process should end
  /// without the destructors of what it may use (std::_Exit).
  bool Shutdown(std::chrono::milliseconds timeout = wire::kShutdownTimeout);

  server::ServerStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_SERVER_H_
