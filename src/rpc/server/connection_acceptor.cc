#include "rpc/server/connection_acceptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

using std::chrono::milliseconds;

// How long nothing is accepted after the system refused a descriptor.
constexpr milliseconds kPause{100};
// How often a line says what was refused.
constexpr std::chrono::seconds kReportEvery{10};
// Connections that are accepted before others are looked at again.
constexpr int kBatch = 64;

FileDescriptor Reserve() { return FileDescriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// 0: not an open descriptor.
uint64_t InodeOf(int number) {
  struct stat status {};
  return fstat(number, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

ConnectionAcceptor::ConnectionAcceptor(ListeningSockets listening, AcceptorOptions options)
    : listening_(std::move(listening)),
      options_(std::move(options)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      reserve_(Reserve()) {
  if (!wake_ || !reserve_) {
    throw Error(ErrorCode::kUnavailable,
                "the server cannot open any more files; raise the limit of open files");
  }
  thread_ = std::thread([this] { Run(); });
}

ConnectionAcceptor::~ConnectionAcceptor() {
  eventfd_write(wake_.get(), 1);
  thread_.join();
  if (!listening_.path.empty()) unlink(listening_.path.c_str());
}

void ConnectionAcceptor::Run() {
  std::vector<pollfd> polled;
  while (true) {
    Clock::time_point now = Clock::now();
    Clock::time_point next = now + std::chrono::hours(1);
    const bool accepting = now >= pause_until_;
    if (!accepting) next = pause_until_;
    polled.assign(1, {wake_.get(), POLLIN, 0});
    const size_t listeners = accepting ? listening_.sockets.size() : 0;
    for (size_t i = 0; i < listeners; ++i) {
      polled.push_back({listening_.sockets[i].get(), POLLIN, 0});
    }
    for (const auto& [number, connection] : connections_) {
      if (!connection.descriptor) continue;
      polled.push_back({number, POLLIN, 0});
      next = std::min(next, connection.since + options_.silence);
    }
    if (refused_ + silent_ + out_of_descriptors_ > 0) {
      next = std::min(next, reported_ ? *reported_ + kReportEvery : now);
    }
    const auto wait =
        std::chrono::ceil<milliseconds>(std::max(next - now, Clock::duration::zero()));
    poll(polled.data(), polled.size(), static_cast<int>(wait.count()));
    if (polled.front().revents != 0) {
      Report(Clock::time_point::max());
      return;
    }
    now = Clock::now();
    try {
      for (size_t i = 1 + listeners; i < polled.size(); ++i) {
        if (polled[i].revents != 0) Hear(polled[i].fd);
      }
      for (size_t i = 1; i < 1 + listeners; ++i) {
        if (polled[i].revents != 0) Accept(polled[i].fd);
      }
      CloseSilent(now);
      Report(now);
    } catch (const std::bad_alloc&) {
      pause_until_ = now + kPause;
    }
  }
}

void ConnectionAcceptor::Accept(int listener) {
  for (int i = 0; i < kBatch; ++i) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    FileDescriptor accepted(accept4(listener, reinterpret_cast<sockaddr*>(&address), &length,
                                    SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!accepted) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        OutOfDescriptors(listener);
        return;
      }
      // All else concerns that connection alone.
      if (errno == EAGAIN) return;
      continue;
    }
    const PeerAddress peer = PeerAddressOf(address);
    const int number = accepted.get();
    connections_.erase(number);  // if there is one, gRPC has closed it
    if (!MakeRoom(peer)) {
      ++refused_;
      continue;
    }
    const uint64_t inode = InodeOf(number);
    connections_[number] = {std::move(accepted), inode, peer, Clock::now()};
  }
}

bool ConnectionAcceptor::IsFull(const PeerAddress& peer) const {
  const auto from_peer =
      std::count_if(connections_.begin(), connections_.end(),
                    [&](const auto& entry) { return entry.second.peer.text == peer.text; });
  return from_peer >= (peer.local ? options_.max_local : options_.max_per_address);
}

bool ConnectionAcceptor::HasRoom(const PeerAddress& peer) const {
  return connections_.size() < static_cast<size_t>(options_.max_connections) && !IsFull(peer);
}

// Returns false when the bounds leave no place for a connection from `peer`.
bool ConnectionAcceptor::MakeRoom(const PeerAddress& peer) {
  if (HasRoom(peer)) return true;
  Prune();
  if (HasRoom(peer)) return true;
  const bool peer_full = IsFull(peer);
  const auto oldest = OldestSilent(peer_full ? &peer.text : nullptr);
  if (oldest == connections_.end()) return false;
  connections_.erase(oldest);
  ++silent_;
  return true;
}

ConnectionAcceptor::Connections::iterator ConnectionAcceptor::OldestSilent(
    const std::string* address) {
  auto oldest = connections_.end();
  for (auto entry = connections_.begin(); entry != connections_.end(); ++entry) {
    const Connection& connection = entry->second;
    if (!connection.descriptor || (address != nullptr && connection.peer.text != *address))
      continue;
    if (oldest == connections_.end() || connection.since < oldest->second.since) oldest = entry;
  }
  return oldest;
}

// Closes the next connection, because it would otherwise keep the listening socket ready, and waits
// a moment.
void ConnectionAcceptor::OutOfDescriptors(int listener) {
  ++out_of_descriptors_;
  const auto oldest = OldestSilent(nullptr);
  if (oldest != connections_.end()) {
    connections_.erase(oldest);
    return;
  }
  reserve_ = FileDescriptor();
  {
    // Takes the descriptor that was in reserve, and gives it back at once.
    const FileDescriptor dropped(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  }
  reserve_ = Reserve();
  pause_until_ = Clock::now() + kPause;
}

// Hands a connection over when its client has said something, and closes it when it has gone.
void ConnectionAcceptor::Hear(int number) {
  const auto found = connections_.find(number);
  if (found == connections_.end() || !found->second.descriptor) return;
  std::array<uint8_t, 3> greeting{};
  const ssize_t heard = recv(number, greeting.data(), greeting.size(), MSG_PEEK | MSG_DONTWAIT);
  if (heard < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (heard <= 0) {
    connections_.erase(found);
    return;
  }
  // gRPC answers such clients in its own protocol, by which they know what is wrong.
  if (options_.expects_http2) {
    const auto wrong = WrongGreeting({greeting.data(), static_cast<size_t>(heard)});
    if (wrong && options_.log) {
      const auto line = wrong_greetings_.Pass(
          "a client from " + found->second.peer.text + " " + *wrong, Clock::now());
      if (line) options_.log(*line);
    }
  }
  options_.hand_over(std::exchange(found->second.descriptor, FileDescriptor()));
}

void ConnectionAcceptor::CloseSilent(Clock::time_point now) {
  silent_ += std::erase_if(connections_, [&](const auto& entry) {
    return entry.second.descriptor && now - entry.second.since >= options_.silence;
  });
}

// Forgets the connections that gRPC has closed. It does not tell when it closes one, but then the
// number is free or belongs to something else.
void ConnectionAcceptor::Prune() {
  std::erase_if(connections_, [](const auto& entry) {
    return !entry.second.descriptor && InodeOf(entry.first) != entry.second.inode;
  });
}

void ConnectionAcceptor::Report(Clock::time_point now) {
  if (refused_ + silent_ + out_of_descriptors_ == 0) return;
  if (reported_ && now < *reported_ + kReportEvery) return;
  reported_ = now;
  std::string line;
  const auto add = [&line](uint64_t& number, const std::string& what) {
    if (number > 0) line += (line.empty() ? "" : "; ") + std::to_string(number) + what;
    number = 0;
  };
  add(silent_, " connection(s) closed because their clients said nothing");
  add(refused_, " connection(s) refused because there are too many, at most " +
                    std::to_string(options_.max_connections) + " in all and " +
                    std::to_string(options_.max_per_address) +
                    " from one address other than this machine's");
  add(out_of_descriptors_, " time(s) a connection came when no file descriptor was left");
  if (options_.log) options_.log(line);
}

}  // namespace shadowtutor::rpc
