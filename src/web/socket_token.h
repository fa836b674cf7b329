// The token that comes with the request for a WebSocket. Programs send an Authorization header.
// Scripts in browsers can set no header of a WebSocket's but Sec-WebSocket-Protocol, so pages offer
// two protocols: "shadowtutor.v1", which the server takes, and "shadowtutor.token." with the token
// as base64url. Nowhere is it part of an address, which proxies, logs and histories keep. Internal
// to web/.
#ifndef SHADOWTUTOR_WEB_SOCKET_TOKEN_H_
#define SHADOWTUTOR_WEB_SOCKET_TOKEN_H_

#include <string>
#include <string_view>

namespace shadowtutor::web {

inline constexpr std::string_view kSocketProtocol = "shadowtutor.v1";

struct SocketToken {
  std::string token;              // empty: none came
  bool protocol_offered = false;  // the answer must name kSocketProtocol
};

/// `protocols` is the value of Sec-WebSocket-Protocol. Thread safety: any thread.
SocketToken SocketTokenOf(std::string_view authorization, std::string_view protocols);

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_SOCKET_TOKEN_H_
