// How a web server is to listen, and its bounds and deadlines.
#ifndef SHADOWTUTOR_WEB_SERVER_OPTIONS_H_
#define SHADOWTUTOR_WEB_SERVER_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "rpc/tls_files.h"
#include "wire/limits.h"

namespace shadowtutor::web {

struct ServerOptions {
  std::string listen = "127.0.0.1:8080";  // port 0: any free port
  rpc::TlsFiles tls;
  /// Allows plain text on addresses that other machines can reach.
  bool insecure = false;
  /// Pages of other sites that may open WebSockets here: "https://example.org". Pages of this
  /// server always may.
  std::vector<std::string> origins;

  /// Connections at a time, in all and from one address; those from this machine itself are bounded
  /// in all only.
  int max_connections = wire::kDefaultMaxConnections;
  int max_connections_per_address = wire::kDefaultMaxConnectionsPerAddress;
  /// For a new connection's first byte, then for its handshake, for each request, and for the time
  /// between two.
  std::chrono::milliseconds connection_timeout = wire::kConnectionTimeout;

  size_t max_message_bytes = wire::kMaxMessageBytes;
  std::chrono::milliseconds write_timeout = wire::kWriteTimeout;
  std::chrono::milliseconds keep_alive_time = wire::kKeepAliveTime;
  std::chrono::milliseconds keep_alive_timeout = wire::kKeepAliveTimeout;
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_SERVER_OPTIONS_H_
