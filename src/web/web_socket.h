// A connection that has become a WebSocket: carries a stream of the server (stream.h). Internal to
// web/.
#ifndef SHADOWTUTOR_WEB_WEB_SOCKET_H_
#define SHADOWTUTOR_WEB_WEB_SOCKET_H_

#include <memory>
#include <string_view>

#include "rpc/server/peer_address.h"
#include "web/shared.h"
#include "web/transport.h"

namespace shadowtutor::web {

/// Whether there are WebSockets at this path.
bool IsWebSocketPath(std::string_view path);

/// Accepts `request`, which asks for a WebSocket at such a path. `tls` is what `transport` refers
/// to. To be called on the transport's strand. Instantiated for Plain and Encrypted.
template <typename Transport>
void OpenWebSocket(Transport transport, const Request& request, const rpc::PeerAddress& peer,
                   std::shared_ptr<net::ssl::context> tls, std::shared_ptr<Shared> shared);

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_WEB_SOCKET_H_
