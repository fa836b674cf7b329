#include "web/connection.h"

#include <sys/socket.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rpc/server/protocols.h"
#include "web/origin.h"
#include "web/pages.h"
#include "web/stream.h"

namespace shadowtutor::web {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

using Failure = boost::system::error_code;
using Plain = beast::tcp_stream;
using Encrypted = beast::ssl_stream<beast::tcp_stream>;

// Browsers tell a page this number; the sentence comes in the ErrorMessage before it
// (RFC 6455, section 7.4.1).
websocket::close_code CloseCodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kCancelled:
      return websocket::close_code::normal;
    case ErrorCode::kUnavailable:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kDeadlineExceeded:
      return websocket::close_code::try_again_later;
    case ErrorCode::kInternal:
      return websocket::close_code::internal_error;
    default:
      return websocket::close_code::policy_error;
  }
}

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

// A stream that exists only to say why there is none.
class RefusedStream final : public Stream {
 public:
  explicit RefusedStream(const Error& why)
      : code_(why.code()),
        sentence_(
            rpc::ToProto(wire::ServerMessage(wire::ErrorMessage{why.code(), why.what(), true, {}}))
                .SerializeAsString()) {}
  void Receive(std::string_view) override {}
  void Closed() override {}
  std::optional<std::string> TakeNext() override { return std::exchange(sentence_, std::nullopt); }
  void Written() override {}
  std::optional<ErrorCode> Ended() override { return code_; }
  void Tick(Clock::time_point) override {}
  void EndWith(const Error&) override {}

 private:
  const ErrorCode code_;
  std::optional<std::string> sentence_;
};

/// `Transport` is Plain or Encrypted. All but the constructor and Cut runs on the socket's strand.
template <typename Transport>
class ConnectionOver final : public Connection,
                             public std::enable_shared_from_this<ConnectionOver<Transport>> {
 public:
  ConnectionOver(Transport transport, rpc::PeerAddress peer,
                 std::shared_ptr<net::ssl::context> context, std::shared_ptr<const Shared> shared)
      : shared_(std::move(shared)),
        context_(std::move(context)),
        peer_(std::move(peer)),
        strand_(transport.get_executor()),
        transport_(std::in_place, std::move(transport)) {}

  ~ConnectionOver() override { Over(); }

  void Begin() {
    net::post(strand_, [self = this->shared_from_this()] {
      if constexpr (std::is_same_v<Transport, Encrypted>) {
        self->Expect();
        self->transport_->async_handshake(
            net::ssl::stream_base::server,
            beast::bind_front_handler(&ConnectionOver::OnHandshake, self));
      } else {
        self->ReadRequest();
      }
    });
  }

  void Cut() override {
    net::post(strand_, [self = this->shared_from_this()] {
      if (self->socket_) {
        beast::get_lowest_layer(*self->socket_).close();
      } else if (self->transport_) {
        beast::get_lowest_layer(*self->transport_).close();
      }
    });
  }

 private:
  using WebSocket = websocket::stream<Transport>;
  using Response = http::response<http::string_body>;

  // The deadline of what is begun next.
  void Expect() {
    beast::get_lowest_layer(*transport_).expires_after(shared_->options.connection_timeout);
  }

  void OnHandshake(Failure failure) {
    if (!failure) return ReadRequest();
    shared_->backend->resources()->Log(
        peer_.text, "a TLS connection from " + peer_.text +
                        " to the web server did not come about: " + failure.message());
  }

  void ReadRequest() {
    Expect();
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(wire::kMaxMetadataBytes));
    parser_->body_limit(0);
    http::async_read(
        *transport_, buffer_, *parser_,
        beast::bind_front_handler(&ConnectionOver::OnRequest, this->shared_from_this()));
  }

  void OnRequest(Failure failure, size_t) {
    if (failure == http::error::end_of_stream) return Close();
    if (failure == http::error::header_limit || failure == http::error::body_limit) {
      return Respond(Refused(413, "this request is too large"), false);
    }
    if (failure) return;
    const auto& request = parser_->get();
    std::string_view path = View(request.target());
    path = path.substr(0, path.find('?'));
    if (websocket::is_upgrade(request)) return Upgrade(path);
    const bool head = request.method() == http::verb::head;
    if (!head && request.method() != http::verb::get) {
      return Respond(Refused(405, "only GET and HEAD are answered here"), false);
    }
    if (path == "/tutor" || path == "/segment") {
      return Respond(Refused(426, "a WebSocket is expected here"), head);
    }
    const server::Backend& backend = *shared_->backend;
    Respond(AnswerTo(path, backend.stats(), !backend.resources()->shutting_down, shared_->version),
            head);
  }

  void Respond(const Answer& answer, bool head) {
    response_.emplace(static_cast<http::status>(answer.status), parser_->get().version());
    response_->set(http::field::content_type, answer.type);
    response_->set(http::field::cache_control, "no-store");
    response_->set("X-Content-Type-Options", "nosniff");
    if (answer.status == 405) response_->set(http::field::allow, "GET, HEAD");
    if (answer.status == 426) response_->set(http::field::upgrade, "websocket");
    response_->keep_alive(answer.status != 413 && parser_->get().keep_alive());
    response_->content_length(answer.body.size());
    if (!head) response_->body() = answer.body;
    serializer_.emplace(*response_);
    Expect();
    auto done = beast::bind_front_handler(&ConnectionOver::OnResponse, this->shared_from_this());
    if (head) {
      http::async_write_header(*transport_, *serializer_, std::move(done));
    } else {
      http::async_write(*transport_, *serializer_, std::move(done));
    }
  }

  void OnResponse(Failure failure, size_t) {
    if (failure) return;
    if (!response_->keep_alive()) return Close();
    ReadRequest();
  }

  // At the end of the answers.
  void Close() {
    if constexpr (std::is_same_v<Transport, Encrypted>) {
      Expect();
      transport_->async_shutdown([self = this->shared_from_this()](Failure) {});
    } else {
      Failure ignored;
      transport_->socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
    }
  }

  void Upgrade(std::string_view path) {
    const auto& request = parser_->get();
    constexpr bool kTls = std::is_same_v<Transport, Encrypted>;
    if (path != "/tutor" && path != "/segment") {
      return Respond(Refused(404, "there is no WebSocket here, but at /tutor and /segment"), false);
    }
    if (!MayConnect(View(request[http::field::origin]), View(request[http::field::host]), kTls,
                    shared_->options.origins)) {
      return Respond(Refused(403, "pages of that origin may not connect to this server"), false);
    }
    tutoring_ = path == "/tutor";
    beast::get_lowest_layer(*transport_).expires_never();  // the WebSocket has its own timer
    buffer_.clear();                                       // nobody may speak before the answer
    socket_.emplace(std::move(*transport_));
    transport_.reset();
    // A client that is silent for half of the idle time is pinged.
    socket_->set_option(websocket::stream_base::timeout{
        shared_->options.connection_timeout,
        2 * shared_->options.keep_alive_time + shared_->options.keep_alive_timeout, true});
    socket_->read_message_max(shared_->options.max_message_bytes);
    socket_->binary(true);
    socket_->auto_fragment(false);
    socket_->async_accept(
        request, beast::bind_front_handler(&ConnectionOver::OnAccepted, this->shared_from_this()));
  }

  void OnAccepted(Failure failure) {
    if (failure) return;
    parser_.reset();
    OpenStream();
    Pump();
    Read();
  }

  void OpenStream() {
    if (tutoring_) {
      OpenStreamOf<rpc::Tutoring>();
    } else {
      OpenStreamOf<rpc::Segmenting>();
    }
  }

  template <typename Protocol>
  void OpenStreamOf() {
    const auto& resources = shared_->backend->resources();
    const std::weak_ptr<ConnectionOver> weak = this->weak_from_this();
    const Wire wire{.wake =
                        [weak, strand = strand_] {
                          net::post(strand, [weak] {
                            if (const auto self = weak.lock()) self->Pump();
                          });
                        },
                    .cut =
                        [weak] {
                          if (const auto self = weak.lock()) self->Cut();
                        }};
    const auto make = [&](uint64_t number, const std::string& id) {
      auto stream = std::make_shared<StreamOf<Protocol>>(wire, shared_->options.write_timeout);
      // Local clients may be many, which are told apart by their sessions.
      stream->Begin(std::make_shared<typename Protocol::Conversation>(
          resources, stream, number, id, std::chrono::steady_clock::now(),
          peer_.local ? std::string() : peer_.text));
      stream_ = stream;
      number_ = number;
      return stream;
    };
    // Each stream has a connection of its own, so that the bound for one connection says nothing.
    const auto refusal =
        shared_->backend->streams()->Open(make, {peer_.text, /*connection=*/{}, peer_.local});
    if (!refusal) return;
    resources->Log(peer_.text, "a session from " + peer_.text + " was refused: " +
                                   ErrorCodeName(refusal->code()) + ": " + refusal->what());
    stream_ = std::make_shared<RefusedStream>(*refusal);
    socket_->read_message_max(1);  // nothing is taken from it any more
  }

  void Read() {
    socket_->async_read(
        buffer_, beast::bind_front_handler(&ConnectionOver::OnRead, this->shared_from_this()));
  }

  void OnRead(Failure failure, size_t) {
    if (failure) return Over();
    const auto data = buffer_.cdata();
    if (socket_->got_binary()) {
      stream_->Receive({static_cast<const char*>(data.data()), data.size()});
    } else {
      stream_->EndWith(
          Error(ErrorCode::kInvalidArgument, "the client sent text; messages are binary here"));
    }
    buffer_.clear();
    buffer_.shrink_to_fit();
    Read();
  }

  void Pump() {
    if (over_ || closing_ || !stream_) return;
    if (std::optional<std::string> next = stream_->TakeNext()) {
      outgoing_ = std::move(*next);
      socket_->async_write(
          net::buffer(outgoing_),
          beast::bind_front_handler(&ConnectionOver::OnWritten, this->shared_from_this()));
    } else if (const std::optional<ErrorCode> ended = stream_->Ended()) {
      closing_ = true;
      socket_->async_close(CloseCodeOf(*ended),
                           [self = this->shared_from_this()](Failure) { self->Over(); });
    }
  }

  void OnWritten(Failure failure, size_t) {
    if (failure) return Over();
    stream_->Written();
    Pump();
  }

  // No word more from the client, nor to it.
  void Over() {
    if (over_ || !stream_) return;
    over_ = true;
    stream_->Closed();
    if (number_) shared_->backend->streams()->Remove(*number_);
  }

  const std::shared_ptr<const Shared> shared_;
  const std::shared_ptr<net::ssl::context> context_;  // which `transport_` refers to
  const rpc::PeerAddress peer_;
  const net::any_io_executor strand_;
  std::optional<Transport> transport_;  // until it is `socket_`'s
  std::optional<WebSocket> socket_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<Response> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  bool tutoring_ = true;
  std::shared_ptr<Stream> stream_;  // once there is a WebSocket
  std::optional<uint64_t> number_;  // of the stream; absent: refused
  std::string outgoing_;            // what is being written
  bool closing_ = false;
  bool over_ = false;
};

template <typename Transport>
std::shared_ptr<Connection> ServeOver(Transport transport, const rpc::PeerAddress& peer,
                                      std::shared_ptr<net::ssl::context> tls,
                                      std::shared_ptr<const Shared> shared) {
  const auto connection = std::make_shared<ConnectionOver<Transport>>(
      std::move(transport), peer, std::move(tls), std::move(shared));
  connection->Begin();
  return connection;
}

}  // namespace

std::shared_ptr<Connection> Serve(net::io_context& io, FileDescriptor socket,
                                  const rpc::PeerAddress& peer,
                                  std::shared_ptr<net::ssl::context> tls,
                                  std::shared_ptr<const Shared> shared) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length);
  net::ip::tcp::socket tcp(net::make_strand(io));
  tcp.assign(address.ss_family == AF_INET6 ? net::ip::tcp::v6() : net::ip::tcp::v4(),
             socket.Release());
  beast::tcp_stream stream(std::move(tcp));
  if (!tls) return ServeOver(std::move(stream), peer, nullptr, std::move(shared));
  net::ssl::context& context = *tls;
  return ServeOver(Encrypted(std::move(stream), context), peer, std::move(tls), std::move(shared));
}

}  // namespace shadowtutor::web
