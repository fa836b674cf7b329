// Where a server's transport listens, and the bounds and deadlines of its connections.
#ifndef SHADOWTUTOR_RPC_SERVER_TRANSPORT_OPTIONS_H_
#define SHADOWTUTOR_RPC_SERVER_TRANSPORT_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "rpc/tls_files.h"
#include "wire/limits.h"

namespace shadowtutor::rpc {

class DeviceTokens;

struct TransportOptions {
  std::string listen = "127.0.0.1:0";  // port 0: any free port
  TlsFiles tls;
  /// Allows plain text on addresses that other machines can reach.
  bool insecure = false;
  /// The devices that may come in (device_tokens.h); null: whoever reaches the server.
  std::shared_ptr<DeviceTokens> tokens;

  /// Connections at a time, in all and from one address; fewer where the process's limit of open
  /// files does not allow as many. Those from this machine itself are bounded in all only.
  int max_connections = wire::kDefaultMaxConnections;
  int max_connections_per_address = wire::kDefaultMaxConnectionsPerAddress;
  /// For a new connection's first byte, then for its handshake, and for the time that it may have
  /// no stream and no request.
  std::chrono::milliseconds connection_timeout = wire::kConnectionTimeout;

  size_t max_message_bytes = wire::kMaxMessageBytes;
  std::chrono::milliseconds write_timeout = wire::kWriteTimeout;
  std::chrono::milliseconds keep_alive_time = wire::kKeepAliveTime;
  std::chrono::milliseconds keep_alive_timeout = wire::kKeepAliveTimeout;
};

/// Throws Error kInvalidArgument for options out of range, an address that is none, or plain text
/// on an address that others can reach.
void Check(const TransportOptions& options);

/// How many connections there may be, given the process's limit of open files: at most
/// `max_connections`. Throws Error kUnavailable when there may be none.
int MostConnections(const TransportOptions& options);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_TRANSPORT_OPTIONS_H_
