// The end of a connection to which the last word was ours. Internal to web/.
#ifndef SHADOWTUTOR_WEB_LINGER_H_
#define SHADOWTUTOR_WEB_LINGER_H_

#include <array>
#include <chrono>
#include <memory>
#include <utility>

#include "web/transport.h"

namespace shadowtutor::web {

/// Reads on and drops what comes, until the client closes or `most` has passed, and then closes
/// `stream`. A socket that is closed with something unread resets the connection, and what was sent
/// last may then never be read. Sending must be over, and nothing else under way on the stream;
/// closing the stream ends the lingering. `owner` keeps the stream alive meanwhile.
inline void Linger(beast::tcp_stream& stream, std::shared_ptr<void> owner,
                   std::chrono::milliseconds most) {
  struct Drain {
    beast::tcp_stream& stream;
    std::shared_ptr<void> owner;
    std::unique_ptr<std::array<char, 4096>> dropped;

    void operator()(Failure failure, size_t) {
      if (failure) {
        stream.close();
        return;
      }
      const auto buffer = net::buffer(*dropped);
      beast::tcp_stream& from = stream;
      from.async_read_some(buffer, std::move(*this));
    }
  };
  Failure ignored;
  stream.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
  stream.expires_after(most);
  Drain{stream, std::move(owner), std::make_unique<std::array<char, 4096>>()}({}, 0);
}

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_LINGER_H_
