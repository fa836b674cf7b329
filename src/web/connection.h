// One connection of a browser: its requests. One of them may make a WebSocket of it
// (web_socket.h). Internal to web/.
#ifndef SHADOWTUTOR_WEB_CONNECTION_H_
#define SHADOWTUTOR_WEB_CONNECTION_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>

#include "core/file_descriptor.h"
#include "rpc/server/peer_address.h"
#include "web/shared.h"

namespace shadowtutor::web {

/// Serves `socket`, a connected TCP socket, on `io`, by TLS if there is a `tls`. Throws
/// boost::system::system_error when the system refuses that.
void Serve(boost::asio::io_context& io, FileDescriptor socket, const rpc::PeerAddress& peer,
           std::shared_ptr<boost::asio::ssl::context> tls, std::shared_ptr<Shared> shared);

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_CONNECTION_H_
