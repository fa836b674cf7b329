#include "web/web_socket.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "rpc/server/device_tokens.h"
#include "rpc/server/protocols.h"
#include "web/linger.h"
#include "web/socket_token.h"
#include "web/stream.h"

namespace shadowtutor::web {
namespace {

namespace websocket = beast::websocket;

// How long after a socket was closed what was under way on it has certainly ended.
constexpr std::chrono::seconds kAbandon{1};

constexpr std::string_view kTutorPath = "/tutor", kSegmentPath = "/segment";

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

// A stream that exists only to say why there is none.
class RefusedStream final : public Stream {
 public:
  explicit RefusedStream(const Error& why)
      : code_(why.code()),
        sentence_(messages::ToProto(
                      wire::ServerMessage(wire::ErrorMessage{why.code(), why.what(), true, {}}))
                      .SerializeAsString()) {}
  void Receive(std::string_view) override {}
  void Closed() override {}
  std::optional<std::string> TakeNext() override { return std::exchange(sentence_, std::nullopt); }
  void Written() override {}
  bool Ending() override { return true; }
  std::optional<ErrorCode> Ended() override { return code_; }
  void Tick(Clock::time_point) override {}
  void EndWith(const Error&) override {}

 private:
  const ErrorCode code_;
  std::optional<std::string> sentence_;
};

/// All but the constructor and Cut runs on the socket's strand.
template <typename Transport>
class WebSocketOver final : public Connection,
                            public std::enable_shared_from_this<WebSocketOver<Transport>> {
 public:
  WebSocketOver(Transport transport, rpc::PeerAddress peer, std::shared_ptr<net::ssl::context> tls,
                std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)),
        tls_(std::move(tls)),
        peer_(std::move(peer)),
        strand_(transport.get_executor()),
        deadline_(strand_),
        socket_(std::in_place, std::move(transport)) {
    const ServerOptions& options = shared_->options;
    beast::get_lowest_layer(*socket_).expires_never();  // it has a timer of its own
    SetTimeouts(options.connection_timeout);
    socket_->read_message_max(options.max_message_bytes);
    socket_->binary(true);
    socket_->auto_fragment(false);
  }
  ~WebSocketOver() override { EndStream(); }

  void Accept(const Request& request) {
    const std::string_view target(request.target().data(), request.target().size());
    tutoring_ = target.starts_with(kTutorPath);
    const auto header = [&](http::field name) {
      const auto value = request[name];
      return std::string_view(value.data(), value.size());
    };
    SocketToken offered = SocketTokenOf(header(http::field::authorization),
                                        header(http::field::sec_websocket_protocol));
    token_ = std::move(offered.token);
    if (offered.protocol_offered) {
      socket_->set_option(websocket::stream_base::decorator([](websocket::response_type& answer) {
        answer.set(http::field::sec_websocket_protocol,
                   beast::string_view(kSocketProtocol.data(), kSocketProtocol.size()));
      }));
    }
    socket_->async_accept(
        request, beast::bind_front_handler(&WebSocketOver::OnAccepted, this->shared_from_this()));
  }

  void Cut() override {
    net::post(strand_, [self = this->shared_from_this()] { self->Over(); });
  }

 private:
  // `handshake` is for the opening and the closing. A client that is silent for half of the idle
  // time is pinged.
  void SetTimeouts(std::chrono::milliseconds handshake) {
    const ServerOptions& options = shared_->options;
    const auto idle = 2 * options.keep_alive_time + options.keep_alive_timeout;
    socket_->set_option(websocket::stream_base::timeout{handshake, idle, true});
  }

  void OnAccepted(Failure failure) {
    if (failure || over_) return Over();
    SetTimeouts(2 * shared_->options.connection_timeout + kAbandon);  // see ExpectEnd
    if (tutoring_) {
      OpenStreamOf<rpc::Tutoring>();
    } else {
      OpenStreamOf<rpc::Segmenting>();
    }
    Pump();
    // What a refused client says is left to the closing, which drops it.
    if (number_) Read();
  }

  template <typename Protocol>
  void OpenStreamOf() {
    const auto& resources = shared_->backend->resources();
    const std::weak_ptr<WebSocketOver> weak = this->weak_from_this();
    const SocketHooks hooks{.wake =
                                [weak, strand = strand_] {
                                  net::post(strand, [weak] {
                                    if (const auto self = weak.lock()) self->Pump();
                                  });
                                },
                            .cut =
                                [weak] {
                                  if (const auto self = weak.lock()) self->Cut();
                                }};
    // Each stream has a connection of its own, so that the bound for one connection says nothing.
    server::StreamOrigin origin{peer_.text, /*connection=*/{}, peer_.local};
    const auto make = [&](uint64_t number, const std::string& id) {
      auto stream = std::make_shared<StreamOf<Protocol>>(hooks, shared_->options.write_timeout);
      // Local clients may be many, which are told apart by their sessions.
      const auto conversation = std::make_shared<typename Protocol::Conversation>(
          resources, stream, number, id, std::chrono::steady_clock::now(),
          peer_.local ? std::string() : peer_.text);
      conversation->UseDevice(origin.device);
      stream->Begin(conversation);
      stream_ = stream;
      number_ = number;
      return stream;
    };
    server::StreamRegistry& streams = *shared_->backend->streams();
    std::optional<Error> refusal = rpc::Admit(shared_->options.tokens.get(),
                                              std::exchange(token_, {}), peer_, streams, origin);
    if (!refusal) refusal = streams.Open(make, origin);
    if (!refusal) return;
    resources->Log(peer_.text, server::RefusedLine(peer_.text, *refusal));
    stream_ = std::make_shared<RefusedStream>(*refusal);
  }

  void Read() {
    socket_->async_read(
        buffer_, beast::bind_front_handler(&WebSocketOver::OnRead, this->shared_from_this()));
  }

  void OnRead(Failure failure, size_t) {
    if (over_) return;
    if (failure) return Leave();
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
    if (stream_->Ending()) ExpectEnd();
    if (std::optional<std::string> next = stream_->TakeNext()) {
      outgoing_ = std::move(*next);
      socket_->async_write(
          net::buffer(outgoing_),
          beast::bind_front_handler(&WebSocketOver::OnWritten, this->shared_from_this()));
    } else if (const std::optional<ErrorCode> ended = stream_->Ended()) {
      closing_ = true;
      socket_->async_close(CloseCodeOf(*ended),
                           [self = this->shared_from_this()](Failure) { self->Leave(); });
    }
  }

  // The last message and the closing have a deadline, before Beast's own for the closing. That of
  // Beast 1.74 closes the socket, but does not end closing and reading where these wait for each
  // other: when what is no frame is read while the closing is being written.
  void ExpectEnd() {
    if (expects_end_) return;
    expects_end_ = true;
    deadline_.expires_after(shared_->options.connection_timeout);
    deadline_.async_wait([self = this->shared_from_this()](Failure failure) {
      if (!failure) self->Over();
    });
  }

  void OnWritten(Failure failure, size_t) {
    if (over_) return;
    if (failure) return Over();
    stream_->Written();
    Pump();
  }

  // All has been said. What the client still says is dropped, so that it can read our last word.
  void Leave() {
    if (over_) return;
    EndStream();
    deadline_.expires_after(shared_->options.connection_timeout);
    deadline_.async_wait([weak = this->weak_from_this()](Failure failure) {
      const auto self = weak.lock();
      if (!failure && self) self->Over();
    });
    Linger(beast::get_lowest_layer(*socket_), this->shared_from_this(),
           shared_->options.connection_timeout);
  }

  // No word more from the client, nor to it.
  void Over() {
    if (std::exchange(cut_, true)) return;
    EndStream();
    beast::get_lowest_layer(*socket_).close();
    // Ends what is under way at once, and with it this object, but for closing and reading that
    // wait for each other. That is found out by their still being there.
    deadline_.expires_after(kAbandon);
    deadline_.async_wait([weak = this->weak_from_this()](Failure failure) {
      const auto self = weak.lock();
      if (!failure && self) self->socket_.reset();
    });
  }

  void EndStream() {
    if (std::exchange(over_, true)) return;
    if (stream_) stream_->Closed();
    if (number_) shared_->backend->streams()->Remove(*number_);
  }

  const std::shared_ptr<Shared> shared_;
  const std::shared_ptr<net::ssl::context> tls_;  // which `socket_` refers to
  const rpc::PeerAddress peer_;
  const net::any_io_executor strand_;
  net::steady_timer deadline_;                          // of the end, then of what is under way
  std::optional<websocket::stream<Transport>> socket_;  // until it is given up
  beast::flat_buffer buffer_;
  bool tutoring_ = true;
  std::string token_;               // that came with the request, until it was looked at
  std::shared_ptr<Stream> stream_;  // once the WebSocket is there
  std::optional<uint64_t> number_;  // of the stream; absent: refused
  std::string outgoing_;            // what is being written
  bool expects_end_ = false;
  bool closing_ = false;
  bool over_ = false;  // the stream is
  bool cut_ = false;   // the connection is
};

}  // namespace

bool IsWebSocketPath(std::string_view path) { return path == kTutorPath || path == kSegmentPath; }

template <typename Transport>
void OpenWebSocket(Transport transport, const Request& request, const rpc::PeerAddress& peer,
                   std::shared_ptr<net::ssl::context> tls, std::shared_ptr<Shared> shared) {
  const auto socket = std::make_shared<WebSocketOver<Transport>>(std::move(transport), peer,
                                                                 std::move(tls), shared);
  shared->connections.Add(socket);
  socket->Accept(request);
}

template void OpenWebSocket(Plain, const Request&, const rpc::PeerAddress&,
                            std::shared_ptr<net::ssl::context>, std::shared_ptr<Shared>);
template void OpenWebSocket(Encrypted, const Request&, const rpc::PeerAddress&,
                            std::shared_ptr<net::ssl::context>, std::shared_ptr<Shared>);

}  // namespace shadowtutor::web
