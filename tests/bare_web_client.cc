#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/core/detail/base64.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "bare_client.h"

namespace shadowtutor {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

class BareWebClient final : public BareClient {
 public:
  BareWebClient(const std::string& address, const std::string& token) : socket_(io_) {
    const size_t colon = address.rfind(':');
    net::ip::tcp::resolver resolver(io_);
    net::connect(socket_.next_layer(),
                 resolver.resolve(address.substr(0, colon), address.substr(colon + 1)));
    socket_.read_message_max(size_t{64} << 20);
    socket_.binary(true);
    if (!token.empty()) {
      socket_.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
        request.set(beast::http::field::sec_websocket_protocol,
                    "shadowtutor.v1, shadowtutor.token." + Base64Url(token));
      }));
    }
    websocket::response_type answer;
    const auto failure = Wait(
        [&](auto done) { socket_.async_handshake(answer, address, "/tutor", std::move(done)); });
    // Browsers end a connection whose answer names none of the protocols that were offered.
    if (!failure && !token.empty() &&
        answer[beast::http::field::sec_websocket_protocol] != "shadowtutor.v1") {
      throw std::runtime_error("the server chose no protocol");
    }
    if (failure) throw std::runtime_error("no WebSocket: " + failure.message());
  }

  bool SayBare(const v1::ClientMessage& message) override {
    const std::string bytes = message.SerializeAsString();
    return !Wait([&](auto done) { socket_.async_write(net::buffer(bytes), std::move(done)); });
  }

  bool HearBare(v1::ServerMessage& message) override {
    beast::flat_buffer buffer;
    const auto failure = Wait([&](auto done) { socket_.async_read(buffer, std::move(done)); });
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
    const auto failure = Wait(
        [&](auto done) { socket_.async_close(websocket::close_code::normal, std::move(done)); });
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
  static std::string Base64Url(const std::string& text) {
    std::string encoded(beast::detail::base64::encoded_size(text.size()), '\0');
    encoded.resize(beast::detail::base64::encode(encoded.data(), text.data(), text.size()));
    for (char& c : encoded) c = c == '+' ? '-' : c == '/' ? '_' : c;
    encoded.resize(encoded.find_last_not_of('=') + 1);
    return encoded;
  }

  // Starts what calls `done` at its end, and waits for that.
  template <typename Start>
  boost::system::error_code Wait(Start&& start) {
    boost::system::error_code result = net::error::would_block;
    start([&](boost::system::error_code failure, auto...) { result = failure; });
    io_.restart();
    io_.run_for(std::chrono::minutes(1));
    if (result != net::error::would_block) return result;
    socket_.next_layer().close();
    io_.restart();
    io_.run();
    return net::error::timed_out;
  }

  net::io_context io_;
  websocket::stream<net::ip::tcp::socket> socket_;
  boost::system::error_code failure_;  // how reading ended
  std::optional<v1::ErrorMessage> last_;
};

}  // namespace

std::unique_ptr<BareClient> BareClientOverWebSocket(const std::string& address,
                                                    const std::string& token) {
  return std::make_unique<BareWebClient>(address, token);
}

}  // namespace shadowtutor
