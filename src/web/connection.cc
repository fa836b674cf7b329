#include "web/connection.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <algorithm>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "web/dashboard_events.h"
#include "web/dashboard_routes.h"
#include "web/linger.h"
#include "web/origin.h"
#include "web/pages.h"
#include "web/static_files.h"
#include "web/transport.h"
#include "web/web_socket.h"
#include "wire/limits.h"

namespace shadowtutor::web {
namespace {

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

/// `Transport` is Plain or Encrypted. All but the constructor and Cut runs on the socket's strand.
template <typename Transport>
class ConnectionOver final : public Connection,
                             public std::enable_shared_from_this<ConnectionOver<Transport>> {
 public:
  ConnectionOver(Transport transport, rpc::PeerAddress peer, std::shared_ptr<net::ssl::context> tls,
                 std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)),
        tls_(std::move(tls)),
        peer_(std::move(peer)),
        strand_(transport.get_executor()),
        transport_(std::move(transport)) {}

  void Begin() {
    net::post(strand_, [self = this->shared_from_this()] {
      if constexpr (std::is_same_v<Transport, Encrypted>) {
        self->Expect();
        self->transport_.async_handshake(
            net::ssl::stream_base::server,
            beast::bind_front_handler(&ConnectionOver::OnHandshake, self));
      } else {
        self->ReadRequest();
      }
    });
  }

  void Cut() override {
    net::post(strand_, [self = this->shared_from_this()] {
      if (!self->upgraded_) beast::get_lowest_layer(self->transport_).close();
    });
  }

 private:
  using Response = http::response<http::string_body>;

  // The deadline of what is begun next.
  void Expect() {
    beast::get_lowest_layer(transport_).expires_after(shared_->options.connection_timeout);
  }

  void OnHandshake(Failure failure) {
    if (!failure) return ReadRequest();
    if (failure == net::error::operation_aborted) return;  // by Cut
    shared_->backend->resources()->Log(
        peer_.text,
        server::LogLine{.level = server::LogLevel::kWarning,
                        .text = "a TLS connection from " + peer_.text +
                                " to the web server did not come about: " + failure.message(),
                        .client = peer_.text});
  }

  void ReadRequest() {
    Expect();
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(wire::kMaxMetadataBytes));
    parser_->body_limit(0);
    http::async_read(
        transport_, buffer_, *parser_,
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
    if (beast::websocket::is_upgrade(request)) return Upgrade(path);
    if (IsDashboardPath(path)) return AnswerFromDashboard();
    const bool head = request.method() == http::verb::head;
    if (!head && request.method() != http::verb::get) {
      return Respond(Refused(405, "only GET and HEAD are answered here"), false);
    }
    if (IsWebSocketPath(path)) {
      return Respond(Refused(426, "a WebSocket is expected here"), head);
    }
    if (const auto file =
            StaticAnswer(EmbeddedFiles(), path, View(request[http::field::accept_encoding]),
                         View(request[http::field::if_none_match]))) {
      return Respond(*file, head);
    }
    const server::Backend& backend = *shared_->backend;
    const server::Resources& resources = *backend.resources();
    Respond(AnswerTo(path, backend.stats(),
                     {.version = shared_->version,
                      .policy = resources.session.policy.name,
                      .ready = resources.ready(),
                      .certificate_end = shared_->certificate_end}),
            head);
  }

  void AnswerFromDashboard() {
    DashboardRequest request = FactsOf(parser_->get());
    const bool head = request.method == "HEAD";
    if (const std::optional<Answer> answer = AnswerDashboard(*shared_, request)) {
      return Respond(*answer, head);
    }
    if (head) return Respond({.type = "text/event-stream"}, true);
    std::shared_ptr<void> place = TakeListenersPlace(shared_);
    if (!place) return Respond(Refused(503, "too many pages watch this server already"), head);
    upgraded_ = true;
    OpenEventStream(std::move(transport_), std::move(request), std::move(place), tls_, shared_);
  }

  DashboardRequest FactsOf(const Request& request) const {
    const std::string_view target = View(request.target());
    const size_t mark = std::min(target.find('?'), target.size());
    const auto header = [&](auto name) { return std::string(View(request[name])); };
    bool forwarded = false;
    for (const char* name :
         {"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"}) {
      forwarded = forwarded || request.count(name) > 0;
    }
    return {.method = std::string(View(request.method_string())),
            .path = std::string(target.substr(0, mark)),
            .query = std::string(target.substr(std::min(mark + 1, target.size()))),
            .host = header(http::field::host),
            .origin = header(http::field::origin),
            .authorization = header(http::field::authorization),
            .cookie = header(http::field::cookie),
            .fetch_site = header("Sec-Fetch-Site"),
            .forwarded = forwarded,
            .tls = std::is_same_v<Transport, Encrypted>,
            .peer = peer_};
  }

  void Respond(const Answer& answer, bool head) {
    response_.emplace(static_cast<http::status>(answer.status), parser_->get().version());
    response_->set(http::field::content_type, answer.type);
    response_->set(http::field::cache_control, "no-store");
    response_->set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : answer.headers) response_->set(name, value);
    if (answer.status == 405) response_->set(http::field::allow, "GET, HEAD");
    if (answer.status == 426) response_->set(http::field::upgrade, "websocket");
    for (const auto& [name, value] : answer.headers) response_->set(name, value);
    response_->keep_alive(answer.status != 413 && parser_->get().keep_alive());
    response_->content_length(answer.body.size());
    if (!head) response_->body() = answer.body;
    serializer_.emplace(*response_);
    Expect();
    auto done = beast::bind_front_handler(&ConnectionOver::OnResponse, this->shared_from_this());
    if (head) {
      http::async_write_header(transport_, *serializer_, std::move(done));
    } else {
      http::async_write(transport_, *serializer_, std::move(done));
    }
  }

  void OnResponse(Failure failure, size_t) {
    if (failure) return;
    if (!response_->keep_alive()) return Close();
    ReadRequest();
  }

  // At the end of the answers.
  void Close() {
    const auto linger = [self = this->shared_from_this()](Failure) {
      Linger(beast::get_lowest_layer(self->transport_), self,
             self->shared_->options.connection_timeout);
    };
    if constexpr (std::is_same_v<Transport, Encrypted>) {
      Expect();
      transport_.async_shutdown(linger);
    } else {
      linger({});
    }
  }

  void Upgrade(std::string_view path) {
    const auto& request = parser_->get();
    constexpr bool kTls = std::is_same_v<Transport, Encrypted>;
    if (!IsWebSocketPath(path)) {
      return Respond(Refused(404, "there is no WebSocket here, but at /tutor and /segment"), false);
    }
    if (!MayConnect(View(request[http::field::origin]), View(request[http::field::host]), kTls,
                    shared_->loopback, shared_->options.origins)) {
      return Respond(Refused(403, "pages of that origin may not connect to this server"), false);
    }
    // What is in `buffer_` is dropped: nobody may speak before the answer.
    upgraded_ = true;
    OpenWebSocket(std::move(transport_), request, peer_, tls_, shared_);
  }

  const std::shared_ptr<Shared> shared_;
  const std::shared_ptr<net::ssl::context> tls_;  // which `transport_` refers to
  const rpc::PeerAddress peer_;
  const net::any_io_executor strand_;
  Transport transport_;
  bool upgraded_ = false;  // `transport_` is a WebSocket's now
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<Response> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
};

template <typename Transport>
void ServeOver(Transport transport, const rpc::PeerAddress& peer,
               std::shared_ptr<net::ssl::context> tls, std::shared_ptr<Shared> shared) {
  const auto connection = std::make_shared<ConnectionOver<Transport>>(std::move(transport), peer,
                                                                      std::move(tls), shared);
  shared->connections.Add(connection);
  connection->Begin();
}

}  // namespace

void Serve(net::io_context& io, FileDescriptor socket, const rpc::PeerAddress& peer,
           std::shared_ptr<net::ssl::context> tls, std::shared_ptr<Shared> shared) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length);
  net::ip::tcp::socket tcp(net::make_strand(io));
  tcp.assign(address.ss_family == AF_INET6 ? net::ip::tcp::v6() : net::ip::tcp::v4(), socket.get());
  socket.Release();  // it is `tcp`'s now
  beast::tcp_stream stream(std::move(tcp));
  if (tls) {
    ServeOver(Encrypted(std::move(stream), *tls), peer, tls, std::move(shared));
  } else {
    ServeOver(Plain(std::move(stream)), peer, nullptr, std::move(shared));
  }
}

}  // namespace shadowtutor::web
