#include "app/relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <list>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "app/token_bucket.h"
#include "core/file_descriptor.h"
#include "core/mutex.h"
#include "rpc/address.h"
#include "rpc/host_lookup.h"
#include "shadowtutor/types.h"
#include "wire/limits.h"

namespace shadowtutor::app {
namespace {

using Clock = TokenBucket::Clock;
using std::chrono::milliseconds;

// The payload of one packet. Less is sent only when no more is there, so that a slow link does not
// send many tiny packets.
constexpr size_t kPacket = 1448;
// How much may be sent at once after a pause: what the rate gives in 10 ms, because a busy machine
// wakes the thread late, but at least some packets.
constexpr double kBurstSeconds = 0.010;
constexpr size_t kLeastBurst = 4 * kPacket;

// The address to connect to, in the form that system calls take.
struct Target {
  sockaddr_storage address{};
  socklen_t length = 0;
};

Target UnixTarget(const rpc::ServerAddress& server) {
  Target target;
  auto* local = reinterpret_cast<sockaddr_un*>(&target.address);
  local->sun_family = AF_UNIX;
  // The name of an abstract socket follows a zero byte.
  std::copy(server.path.begin(), server.path.end(), local->sun_path + (server.abstract ? 1 : 0));
  target.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + server.path.size() + 1);
  return target;
}

Target Resolve(const std::string& address) {
  const rpc::ServerAddress server = rpc::ParseServerAddress(address, rpc::AddressUse::kConnect);
  if (server.is_unix()) return UnixTarget(server);
  rpc::CheckHostIsKnown(server);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed =
      getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
  if (failed != 0) {
    throw Error(ErrorCode::kUnavailable, "cannot find " + address + ": " + gai_strerror(failed));
  }
  Target target;
  std::memcpy(&target.address, found->ai_addr, found->ai_addrlen);
  target.length = found->ai_addrlen;
  freeaddrinfo(found);
  return target;
}

FileDescriptor Listen(std::string& address) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in local{};
  local.sin_family = AF_INET;
  local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof local;
  // A small receive window, which accepted connections inherit, so that a sender is held back soon.
  const int window = Relay::kBufferBytes;
  if (!socket || setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &window, sizeof window) != 0 ||
      bind(socket.get(), reinterpret_cast<sockaddr*>(&local), sizeof local) != 0 ||
      listen(socket.get(), Relay::kMostConnections) != 0 ||
      getsockname(socket.get(), reinterpret_cast<sockaddr*>(&local), &length) != 0) {
    throw Error(ErrorCode::kUnavailable, std::string("cannot listen on this machine for a link "
                                                     "with limited bandwidth: ") +
                                             std::strerror(errno));
  }
  address = "127.0.0.1:" + std::to_string(ntohs(local.sin_port));
  return socket;
}

// One direction of one connection.
struct Pipe {
  std::vector<uint8_t> buffer = std::vector<uint8_t>(Relay::kBufferBytes);
  size_t begin = 0, end = 0;  // the bytes that are still to be passed on
  bool read_all = false;      // the sender has closed its side
  bool closed = false;        // the receiver was told so, too

  size_t held() const { return end - begin; }
  bool wants_more() const { return !read_all && held() < buffer.size(); }
};

struct Connection {
  FileDescriptor client, server;
  bool connected = false;  // to the server
  Clock::time_point deadline;
  Pipe up, down;
  bool broken = false;
};

}  // namespace

struct Relay::Impl {
  explicit Impl(const RelayOptions& options);
  ~Impl();

  void Run();
  void Accept();
  void Serve(Connection& connection, short client_events, short server_events);
  // Read takes bytes from the socket `from`, Write passes them on to the socket `to`, Finish passes
  // the end on.
  void Read(Connection& connection, Pipe& pipe, int from) const;
  size_t Write(Connection& connection, Pipe& pipe, int to, TokenBucket& bucket);
  void Finish(Connection& connection, Pipe& pipe, int to) const;
  // How many bytes of the pipe may be written now.
  static size_t Allowed(const Pipe& pipe, TokenBucket& bucket, Clock::time_point now);

  const Target target;
  const size_t burst;
  TokenBucket up, down;
  std::string address;
  FileDescriptor listener;
  FileDescriptor wake;
  std::list<Connection> connections;  // used by the thread only
  mutable Mutex mutex;
  RelayStats stats ST_GUARDED_BY(mutex);
  bool stop ST_GUARDED_BY(mutex) = false;
  std::thread thread;
};

Relay::Impl::Impl(const RelayOptions& options)
    : target(Resolve(options.address)),
      burst(std::max(kLeastBurst, static_cast<size_t>(options.bytes_per_second * kBurstSeconds))),
      up(options.bytes_per_second, burst, Clock::now()),
      down(options.bytes_per_second, burst, Clock::now()),
      listener(Listen(address)),
      wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake) throw Error(ErrorCode::kResourceExhausted, "no file descriptors are left");
  thread = std::thread([this] { Run(); });
}

Relay::Impl::~Impl() {
  {
    const MutexLock lock(mutex);
    stop = true;
  }
  const uint64_t one = 1;
  // Fails only when the counter is full; then the thread wakes anyway.
  [[maybe_unused]] const ssize_t written = write(wake.get(), &one, sizeof one);
  thread.join();
}

void Relay::Impl::Accept() {
  while (connections.size() < static_cast<size_t>(kMostConnections)) {
    FileDescriptor client(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client) return;
    FileDescriptor server(
        ::socket(target.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!server) continue;  // the client sees its connection closed
    const int on = 1;
    setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(server.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int window = kBufferBytes;
    setsockopt(server.get(), SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    const bool connected = connect(server.get(), reinterpret_cast<const sockaddr*>(&target.address),
                                   target.length) == 0;
    if (!connected && errno != EINPROGRESS && errno != EAGAIN) continue;
    Connection& connection = connections.emplace_back();
    connection.client = std::move(client);
    connection.server = std::move(server);
    connection.connected = connected;
    connection.deadline = Clock::now() + wire::kConnectTimeout;
    const MutexLock lock(mutex);
    ++stats.connections;
  }
}

size_t Relay::Impl::Allowed(const Pipe& pipe, TokenBucket& bucket, Clock::time_point now) {
  const size_t least = std::min(pipe.held(), kPacket);
  const size_t allowed = bucket.Available(pipe.held(), now);
  return allowed >= least ? allowed : 0;
}

void Relay::Impl::Read(Connection& connection, Pipe& pipe, int from) const {
  if (pipe.begin > 0) {
    std::copy(pipe.buffer.begin() + static_cast<ptrdiff_t>(pipe.begin),
              pipe.buffer.begin() + static_cast<ptrdiff_t>(pipe.end), pipe.buffer.begin());
    pipe.end -= pipe.begin;
    pipe.begin = 0;
  }
  if (!pipe.wants_more()) return;
  const ssize_t got = recv(from, pipe.buffer.data() + pipe.end, pipe.buffer.size() - pipe.end, 0);
  if (got > 0) pipe.end += static_cast<size_t>(got);
  if (got == 0) pipe.read_all = true;
  if (got < 0 && errno != EAGAIN && errno != EINTR) connection.broken = true;
}

size_t Relay::Impl::Write(Connection& connection, Pipe& pipe, int to, TokenBucket& bucket) {
  const size_t allowed = Allowed(pipe, bucket, Clock::now());
  if (allowed == 0) return 0;
  const ssize_t sent = send(to, pipe.buffer.data() + pipe.begin, allowed, MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) connection.broken = true;
    return 0;
  }
  pipe.begin += static_cast<size_t>(sent);
  bucket.Take(static_cast<size_t>(sent));
  return static_cast<size_t>(sent);
}

void Relay::Impl::Finish(Connection& connection, Pipe& pipe, int to) const {
  if (!pipe.read_all || pipe.held() > 0 || pipe.closed) return;
  pipe.closed = true;
  if (shutdown(to, SHUT_WR) != 0) connection.broken = true;
}

void Relay::Impl::Serve(Connection& connection, short client_events, short server_events) {
  const int client = connection.client.get(), server = connection.server.get();
  if (!connection.connected && (server_events & (POLLOUT | POLLERR | POLLHUP)) != 0) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(server, SOL_SOCKET, SO_ERROR, &error, &length);
    connection.connected = error == 0;
    connection.broken = error != 0;
  }
  if (!connection.connected) {
    connection.broken |= Clock::now() > connection.deadline;
    return;
  }
  constexpr short kReadable = POLLIN | POLLHUP | POLLERR;
  if (client_events & kReadable) Read(connection, connection.up, client);
  if (server_events & kReadable) Read(connection, connection.down, server);
  {
    // Sent and counted in one step, so that whoever has received a byte finds it counted.
    const MutexLock lock(mutex);
    stats.bytes_up += Write(connection, connection.up, server, up);
    stats.bytes_down += Write(connection, connection.down, client, down);
  }
  Finish(connection, connection.up, server);
  Finish(connection, connection.down, client);
}

void Relay::Impl::Run() {
  std::vector<pollfd> polled;
  while (true) {
    // Look again after this time at the latest, because connects have a deadline.
    Clock::duration pause = milliseconds(1000);
    polled.assign({{wake.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}});
    if (connections.size() >= static_cast<size_t>(kMostConnections)) polled[1].fd = -1;
    for (Connection& connection : connections) {
      short client = 0, server = 0;
      if (!connection.connected) {
        server = POLLOUT;
      } else {
        if (connection.up.wants_more()) client |= POLLIN;
        if (connection.down.wants_more()) server |= POLLIN;
        const auto now = Clock::now();
        const auto want = [&](Pipe& pipe, TokenBucket& bucket, short& events) {
          if (pipe.held() == 0) return;
          if (Allowed(pipe, bucket, now) > 0) {
            events |= POLLOUT;
          } else {
            pause = std::min(pause, bucket.Until(std::min(pipe.held(), kPacket), now));
          }
        };
        want(connection.up, up, server);
        want(connection.down, down, client);
      }
      // A socket of which no event is wanted is left out: it would report its end over and over.
      polled.push_back({client != 0 ? connection.client.get() : -1, client, 0});
      polled.push_back({server != 0 ? connection.server.get() : -1, server, 0});
    }
    const auto whole = std::chrono::floor<std::chrono::seconds>(pause);
    const timespec time{
        whole.count(), std::chrono::duration_cast<std::chrono::nanoseconds>(pause - whole).count()};
    ppoll(polled.data(), polled.size(), &time, nullptr);
    {
      const MutexLock lock(mutex);
      if (stop) return;
    }
    size_t i = 2;
    for (Connection& connection : connections) {
      const short client = polled[i].revents, server = polled[i + 1].revents;
      i += 2;
      Serve(connection, client, server);
    }
    connections.remove_if([](const Connection& connection) {
      return connection.broken || (connection.up.closed && connection.down.closed);
    });
    if (polled[1].revents != 0) Accept();
  }
}

Relay::Relay(const RelayOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Relay::~Relay() = default;

const std::string& Relay::address() const { return impl_->address; }

RelayStats Relay::stats() const {
  const MutexLock lock(impl_->mutex);
  return impl_->stats;
}

}  // namespace shadowtutor::app
