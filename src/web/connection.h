// One connection of a browser: its requests, and the WebSocket that one of them may make of it.
// Internal to web/.
#ifndef SHADOWTUTOR_WEB_CONNECTION_H_
#define SHADOWTUTOR_WEB_CONNECTION_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

#include "core/file_descriptor.h"
#include "rpc/server/peer_address.h"
#include "server/backend.h"
#include "web/server_options.h"

namespace shadowtutor::web {

/// What all connections share; constant while there are any.
struct Shared {
  ServerOptions options;
  std::shared_ptr<server::Backend> backend;
  std::string version;
};

/// A connection keeps itself alive until it is over. Thread safety: any thread.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Closes it without another word.
  virtual void Cut() = 0;
};

/// Serves `socket`, a connected TCP socket, on `io`, by TLS if there is a `tls`.
std::shared_ptr<Connection> Serve(boost::asio::io_context& io, FileDescriptor socket,
                                  const rpc::PeerAddress& peer,
                                  std::shared_ptr<boost::asio::ssl::context> tls,
                                  std::shared_ptr<const Shared> shared);

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_CONNECTION_H_
