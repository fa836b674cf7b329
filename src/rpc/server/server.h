// The gRPC server: a teacher labels the clients' key frames, and each client gets a copy of the
// student that is trained on them (proto/shadowtutor/v1, docs/protocol.md). This header does not
// include gRPC's.
//
// The server holds nothing that must survive a restart: clients keep their students and can go on
// with the same server or another.
#ifndef SHADOWTUTOR_RPC_SERVER_SERVER_H_
#define SHADOWTUTOR_RPC_SERVER_SERVER_H_

#include <chrono>
#include <memory>
#include <string>

#include "nn/network.h"
#include "rpc/server/transport_options.h"
#include "server/backend.h"
#include "server/stats.h"
#include "teacher/teacher.h"
#include "wire/limits.h"

namespace shadowtutor::rpc {

struct ServerOptions : server::BackendOptions, TransportOptions {
  ServerOptions() { listen = "127.0.0.1:50051"; }
};

/// Thread safety: all functions may be called from any thread.
class Server {
 public:
  /// `student`'s classes must be the teacher's. Throws Error kInvalidArgument for options out of
  /// range, a student that does not fit the teacher, or plain text on an address that others can
  /// reach.
  Server(std::shared_ptr<teacher::Teacher> teacher, nn::Checkpoint student, ServerOptions options);
  /// The same for a backend that other transports bring streams to as well. Of `options`, those of
  /// the backend are not used.
  Server(std::shared_ptr<server::Backend> backend, ServerOptions options);
  /// Shuts down.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Begins to listen. To be called once. Throws Error kUnavailable when it cannot listen on the
  /// address, or when the limit of open files leaves no room for connections.
  void Start();
  /// The address with the port in use; empty before Start.
  std::string address() const;

  /// Reads the TLS files again: new connections get what they hold now, those that are there go on.
  /// When it throws, as ReadTlsFiles, the old content stays in use. Returns whom the certificate is
  /// for and until when it is valid; nothing if the server speaks plain text.
  std::string ReloadTls();

  /// From now on the health service says that the server does not serve, and Backend::AnnounceEnd.
  /// Sessions are still opened, because balancers need time to notice. To be followed by Drain of
  /// the backend and by Shutdown; changes nothing before Start.
  void AnnounceEnd();
  /// Has every session answer what is outstanding and end (Backend::Drain).
  bool Drain(std::chrono::milliseconds timeout = wire::kDrainTimeout);

  /// Tells every client that the server is shutting down and waits until all streams have ended;
  /// those that are open after `timeout` are cut off. Then waits for a running call of the teacher,
  /// for `timeout` at most, and for a running training job. Returns false when the call of the
  /// teacher has not returned: its thread is detached, and the process should end without running
  /// destructors (std::_Exit), because that call may still use any object.
  bool Shutdown(std::chrono::milliseconds timeout = wire::kShutdownTimeout);

  server::ServerStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_SERVER_H_
