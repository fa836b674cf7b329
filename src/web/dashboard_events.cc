#include "web/dashboard_events.h"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>

#include "web/dashboard_json.h"
#include "web/dashboard_routes.h"

namespace shadowtutor::web {
namespace {

// Of the socket's own buffer: what a listener is behind, before it counts as slow.
constexpr int kSendBuffer = 64 << 10;
// So that who is gone is noticed, and proxies do not take the silence for an end.
constexpr int kTicksToHeartbeat = 5;

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/event-stream\r\n"
    "Cache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "X-Accel-Buffering: no\r\n"
    "Connection: close\r\n\r\n"
    "retry: 2000\n\n";

std::string EventText(std::string_view name, const std::string& json) {
  std::string text = "event: ";
  return text.append(name).append("\ndata: ").append(json).append("\n\n");
}

/// All but the constructor and Cut runs on the socket's strand.
template <typename Transport>
class EventStream final : public Connection,
                          public std::enable_shared_from_this<EventStream<Transport>> {
 public:
  EventStream(Transport transport, DashboardRequest request, std::shared_ptr<void> place,
              std::shared_ptr<net::ssl::context> tls, std::shared_ptr<Shared> shared)
      : shared_(std::move(shared)),
        tls_(std::move(tls)),
        request_(std::move(request)),
        session_(SessionOfQuery(request_.query)),
        place_(std::move(place)),
        strand_(transport.get_executor()),
        timer_(strand_),
        transport_(std::move(transport)) {}

  void Begin() {
    Failure ignored;
    beast::get_lowest_layer(transport_)
        .socket()
        .set_option(net::socket_base::send_buffer_size(kSendBuffer), ignored);
    outgoing_ = kHead;
    Collect();
    Write();
    Wait();
  }

  void Cut() override {
    net::post(strand_, [self = this->shared_from_this()] { self->Over(); });
  }

 private:
  void Wait() {
    timer_.expires_after(shared_->options.dashboard_every);
    timer_.async_wait([self = this->shared_from_this()](Failure failure) {
      if (!failure) self->Tick();
    });
  }

  void Tick() {
    if (over_) return;
    if (IsGone()) return Over();
    if (!writing_) {  // or else it is slow, and gets the next news later
      Collect();
      Write();
    }
    if (!over_) Wait();
  }

  // What is new.
  void Collect() {
    const server::Resources& resources = *shared_->backend->resources();
    if (resources.shutting_down ||
        shared_->access.RefuseData(request_, DashboardAccess::Clock::now())) {
      outgoing_ += EventText("end", "{}");
      ending_ = true;
      return;
    }
    StateText state = StateJson(*shared_->backend);
    if (state.fingerprint != fingerprint_) {
      fingerprint_ = state.fingerprint;
      outgoing_ += EventText("state", state.json);
    }
    CollectSession();
    if (!outgoing_.empty()) {
      silent_ = 0;
    } else if (++silent_ >= kTicksToHeartbeat) {
      outgoing_ = ":\n\n";
      silent_ = 0;
    }
  }

  void CollectSession() {
    if (session_.empty()) return;
    server::Observatory& observatory = shared_->backend->resources()->observatory;
    const auto now = server::Observatory::Clock::now();
    observatory.Watch(session_, now);
    const auto view = observatory.Find(session_, now);
    if (!view) {
      if (!std::exchange(session_ended_, true)) outgoing_ += EventText("session", EndedJson());
      return;
    }
    const auto& records = view->history.records();
    const Seen seen{view->history.answered(), records.empty() ? 0 : records.back().parts,
                    view->pictures ? view->pictures_version : 0, view->watched};
    if (seen_ == seen) return;
    seen_ = seen;
    outgoing_ += EventText("session", SessionJson(*shared_->backend, session_, *view));
  }

  // The id comes from outside, and only what an id can have may stand within quotation marks.
  std::string EndedJson() const {
    std::string id;
    for (const char c : session_) {
      if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-') id += c;
    }
    return "{\"id\":\"" + id + "\",\"ended\":true}";
  }

  void Write() {
    if (outgoing_.empty()) return;
    writing_ = true;
    sending_.swap(outgoing_);
    beast::get_lowest_layer(transport_).expires_after(shared_->options.connection_timeout);
    net::async_write(transport_, net::buffer(sending_),
                     beast::bind_front_handler(&EventStream::OnWritten, this->shared_from_this()));
  }

  void OnWritten(Failure failure, size_t) {
    writing_ = false;
    sending_.clear();
    sending_.shrink_to_fit();
    if (failure || ending_) Over();
  }

  // Whether the browser has closed the connection, which without reading nobody would tell.
  bool IsGone() {
    char byte = 0;
    const int socket = beast::get_lowest_layer(transport_).socket().native_handle();
    const ssize_t got = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
  }

  void Over() {
    if (std::exchange(over_, true)) return;
    timer_.cancel();
    beast::get_lowest_layer(transport_).close();
  }

  using Seen = std::tuple<uint64_t, int, uint64_t, bool>;

  const std::shared_ptr<Shared> shared_;
  const std::shared_ptr<net::ssl::context> tls_;  // which `transport_` refers to
  const DashboardRequest request_;
  const std::string session_;
  const std::shared_ptr<void> place_;
  const net::any_io_executor strand_;
  net::steady_timer timer_;
  Transport transport_;
  std::optional<size_t> fingerprint_;  // of the state that was sent last
  std::optional<Seen> seen_;           // of the session
  bool session_ended_ = false;
  int silent_ = 0;        // ticks without an event
  std::string outgoing_;  // to be written next
  std::string sending_;   // being written
  bool writing_ = false;
  bool ending_ = false;  // nothing follows what is being written
  bool over_ = false;
};

}  // namespace

std::shared_ptr<void> TakeListenersPlace(const std::shared_ptr<Shared>& shared) {
  if (shared->listeners.fetch_add(1) >= kMostListeners) {
    shared->listeners.fetch_sub(1);
    return nullptr;
  }
  return {static_cast<void*>(shared.get()), [shared](void*) { shared->listeners.fetch_sub(1); }};
}

template <typename Transport>
void OpenEventStream(Transport transport, DashboardRequest request, std::shared_ptr<void> place,
                     std::shared_ptr<net::ssl::context> tls, std::shared_ptr<Shared> shared) {
  const auto stream = std::make_shared<EventStream<Transport>>(
      std::move(transport), std::move(request), std::move(place), std::move(tls), shared);
  shared->connections.Add(stream);
  stream->Begin();
}

template void OpenEventStream(Plain, DashboardRequest, std::shared_ptr<void>,
                              std::shared_ptr<net::ssl::context>, std::shared_ptr<Shared>);
template void OpenEventStream(Encrypted, DashboardRequest, std::shared_ptr<void>,
                              std::shared_ptr<net::ssl::context>, std::shared_ptr<Shared>);

}  // namespace shadowtutor::web
