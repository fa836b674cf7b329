// What a connection is over: TCP, or TLS on it. The only header of this room that includes Beast's.
// Internal to web/.
#ifndef SHADOWTUTOR_WEB_TRANSPORT_H_
#define SHADOWTUTOR_WEB_TRANSPORT_H_

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <utility>

namespace shadowtutor::web {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using Failure = boost::system::error_code;
/// TCP. A class of its own, so that WebSockets over it end by the async_teardown below.
class Plain : public beast::tcp_stream {
 public:
  explicit Plain(beast::tcp_stream&& stream) : beast::tcp_stream(std::move(stream)) {}
};
using Encrypted = beast::ssl_stream<beast::tcp_stream>;
using Request = http::request<http::empty_body>;

/// Ends a WebSocket's sending half; whoever owns it lingers (web/linger.h). The one of Beast 1.74
/// closes the socket after its first read, and what the client has sent by then and was not read
/// makes the system reset the connection, which can cost the client our last message.
template <typename Handler>
void async_teardown(beast::role_type, Plain& stream, Handler&& handler) {
  Failure failure;
  stream.socket().shutdown(net::ip::tcp::socket::shutdown_send, failure);
  net::post(stream.get_executor(),
            beast::bind_front_handler(std::forward<Handler>(handler), failure));
}

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_TRANSPORT_H_
