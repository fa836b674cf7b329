// The server's door for browsers: WebSockets with the same messages as gRPC's streams, before the
// same conversations, and a few pages for people and machines (pages.h). This header does not
// include Boost's.
//
//   GET /tutor    as a WebSocket: ClientMessage and ServerMessage of proto/shadowtutor/v1
//   GET /segment  as a WebSocket: SegmentRequest and SegmentReply
//   GET /dashboard, /api/...  for people who watch the server (dashboard_routes.h)
//
// docs/protocol.md describes both.
#ifndef SHADOWTUTOR_WEB_SERVER_H_
#define SHADOWTUTOR_WEB_SERVER_H_

#include <memory>
#include <optional>
#include <string>

#include "server/backend.h"
#include "web/server_options.h"

namespace shadowtutor::web {

/// Throws Error kInvalidArgument for options out of range, an address that is no host and port, an
/// origin that is none, or plain text on an address that others can reach.
void Check(const ServerOptions& options);

/// Reads ServerOptions::token_file, if there is one. Throws Error kInvalidArgument when it holds no
/// token, and kNotFound or kUnavailable when it cannot be read.
void CheckToken(const ServerOptions& options);
/// A sentence if all users of this machine can get at the token.
std::optional<std::string> TokenWarning(const ServerOptions& options);

/// Thread safety: all functions may be called from any thread.
class Server {
 public:
  /// Throws as Check, CheckToken and ReadServerTlsFiles.
  Server(std::shared_ptr<server::Backend> backend, ServerOptions options);
  /// Stops.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Begins to listen. To be called once. Throws Error kUnavailable when it cannot listen on the
  /// address.
  void Start();
  /// "http://127.0.0.1:8080" or "https://...", with the port in use; empty before Start.
  std::string url() const;

  /// As rpc::Server::ReloadTls.
  std::string ReloadTls();
  /// Reads the dashboard's token again: cookies that stand for the old one are void, and pages that
  /// show the dashboard ask for it. When it throws, as CheckToken, the old token stays in use.
  /// Returns whether there is one.
  bool ReloadToken();

  /// Takes no more connections, and cuts off those that are open. To be called after
  /// Backend::EndStreams, which has told the clients why, and once the streams have ended.
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_SERVER_H_
