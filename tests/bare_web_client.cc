#include <sys/time.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include <optional>

#include "bare_client.h"

namespace shadowtutor {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

class BareWebClient final : public BareClient {
 public:
  explicit BareWebClient(const std::string& address) : socket_(io_) {
    const size_t colon = address.rfind(':');
    net::ip::tcp::resolver resolver(io_);
    net::connect(socket_.next_layer(),
                 resolver.resolve(address.substr(0, colon), address.substr(colon + 1)));
    // Blocking calls know no deadline but the socket's.
    const timeval minute{60, 0};
    setsockopt(socket_.next_layer().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &minute,
               sizeof minute);
    socket_.read_message_max(size_t{64} << 20);
    socket_.binary(true);
    socket_.handshake(address, "/tutor");
  }

  bool SayBare(const v1::ClientMessage& message) override {
    boost::system::error_code failure;
    socket_.write(net::buffer(message.SerializeAsString()), failure);
    return !failure;
  }

  bool HearBare(v1::ServerMessage& message) override {
    beast::flat_buffer buffer;
    boost::system::error_code failure;
    socket_.read(buffer, failure);
    if (failure) {
      failure_ = failure;
      return false;
    }
    if (!socket_.got_binary() ||
        !message.ParseFromArray(buffer.data().data(), static_cast<int>(buffer.size()))) {
      throw std::runtime_error("the server sent something else than a message");
    }
    if (message.has_error() && message.error().fatal()) last_ = message.error();
    return true;
  }

  void WritesDone() override {
    boost::system::error_code failure;
    socket_.close(websocket::close_code::normal, failure);
    failure_ = failure ? failure : make_error_code(websocket::error::closed);
  }

  void Cancel() override { socket_.next_layer().close(); }

  Ending Finish() override {
    v1::ServerMessage rest;
    while (!failure_ && HearBare(rest)) {
    }
    if (last_) return {false, static_cast<ErrorCode>(last_->code() - 1), last_->sentence()};
    const uint16_t code = socket_.reason().code;
    if (failure_ != websocket::error::closed && code == websocket::close_code::none) {
      return {false, ErrorCode::kUnavailable, failure_.message()};
    }
    if (code == websocket::close_code::too_big) return {false, ErrorCode::kResourceExhausted, ""};
    // None: the server answered our own closing.
    return {code == websocket::close_code::normal || code == websocket::close_code::none,
            ErrorCode::kInternal, "closed with " + std::to_string(code)};
  }

 private:
  net::io_context io_;
  websocket::stream<net::ip::tcp::socket> socket_;
  boost::system::error_code failure_;  // how reading ended
  std::optional<v1::ErrorMessage> last_;
};

}  // namespace

std::unique_ptr<BareClient> BareClientOverWebSocket(const std::string& address) {
  return std::make_unique<BareWebClient>(address);
}

}  // namespace shadowtutor
