#include "rpc/server/listen.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "rpc/address.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

// Connections that the system keeps until they are accepted.
constexpr int kBacklog = 4096;

[[noreturn]] void Fail(const std::string& address, const std::string& reason) {
  throw Error(ErrorCode::kUnavailable, "cannot listen on " + address + ": " + reason);
}

std::string Reason(int error) {
  switch (error) {
    case EADDRINUSE:
      return "another program uses that port; stop it, or take another port (port 0 takes a free "
             "one)";
    case EADDRNOTAVAIL:
      return "the address is not this machine's; use one that it has, or 0.0.0.0 for all";
    case EACCES:
      return "this user may not use that address; ports below 1024 are for the system";
    default:
      return std::strerror(error);
  }
}

sockaddr* Plain(sockaddr_storage& address) { return reinterpret_cast<sockaddr*>(&address); }

// Opens one socket. On failure the result is empty and errno says why.
FileDescriptor Open(sockaddr_storage& address, socklen_t length,
                    std::chrono::milliseconds silence) {
  FileDescriptor socket(::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return socket;
  const auto set = [&](int level, int name, int value) {
    setsockopt(socket.get(), level, name, &value, sizeof value);
  };
  if (address.ss_family != AF_UNIX) {
    // Connections inherit these. Without SO_REUSEADDR a server that is started again would have to
    // wait for the old connections' end; two servers cannot listen on one port with it.
    set(SOL_SOCKET, SO_REUSEADDR, 1);
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(silence.count()));
  }
  if (address.ss_family == AF_INET6) {
    const auto& host = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    set(IPPROTO_IPV6, IPV6_V6ONLY, IN6_IS_ADDR_UNSPECIFIED(&host) ? 0 : 1);
  }
  if (bind(socket.get(), Plain(address), length) != 0 || listen(socket.get(), kBacklog) != 0) {
    const int error = errno;
    socket = FileDescriptor();
    errno = error;
  }
  return socket;
}

// Removes the socket file of a server that is gone. Returns false when somebody still listens.
bool RemoveStale(const std::string& path, sockaddr_storage& address, socklen_t length) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return true;
  const FileDescriptor trial(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (connect(trial.get(), Plain(address), length) == 0 || errno == EAGAIN) return false;
  if (errno == ECONNREFUSED) unlink(path.c_str());
  return true;
}

ListeningSockets ListenOnUnixSocket(const std::string& address, const ServerAddress& parsed) {
  const bool abstract = parsed.abstract;
  const std::string& path = parsed.path;
  sockaddr_storage storage{};
  auto& local = reinterpret_cast<sockaddr_un&>(storage);
  local.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), local.sun_path + (abstract ? 1 : 0));
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  if (!abstract && !RemoveStale(path, storage, length))
    Fail(address, "another program listens there");
  ListeningSockets listening;
  listening.address = address;
  listening.sockets.push_back(Open(storage, length, {}));
  if (!listening.sockets.back()) {
    const int error = errno;
    Fail(address,
         error == EADDRINUSE ? "there is something of that name already" : std::strerror(error));
  }
  if (!abstract) listening.path = path;
  return listening;
}

uint16_t& Port(sockaddr_storage& address) {
  return address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                       : reinterpret_cast<sockaddr_in&>(address).sin_port;
}

struct Candidate {
  sockaddr_storage address{};
  socklen_t length = 0;
};

std::vector<Candidate> Resolve(const std::string& address, const std::string& host,
                               const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (failed != 0) Fail(address, std::string(gai_strerror(failed)) + "; check the address");
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<Candidate> candidates;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    Candidate candidate;
    std::memcpy(&candidate.address, info->ai_addr, info->ai_addrlen);
    candidate.length = info->ai_addrlen;
    // Some lists of hosts name an address twice.
    const bool known =
        std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& other) {
          return other.length == candidate.length &&
                 std::memcmp(&other.address, &candidate.address, candidate.length) == 0;
        });
    if (!known) candidates.push_back(candidate);
  }
  return candidates;
}

}  // namespace

ListeningSockets ListenOn(const std::string& address, std::chrono::milliseconds silence) {
  const ServerAddress parsed = ParseServerAddress(address, AddressUse::kListen);
  if (parsed.is_unix()) return ListenOnUnixSocket(address, parsed);
  const std::string& host = parsed.host;
  std::vector<Candidate> candidates = Resolve(address, host, std::to_string(parsed.port));
  if (host == "0.0.0.0") {
    // One socket for both kinds of addresses; where there is no IPv6, the one for IPv4 alone.
    Candidate both{.length = sizeof(sockaddr_in6)};
    both.address.ss_family = AF_INET6;
    Port(both.address) = Port(candidates.front().address);
    candidates.insert(candidates.begin(), both);
  }

  ListeningSockets listening;
  uint16_t port = 0;  // in network order
  int error = EADDRNOTAVAIL;
  for (Candidate& candidate : candidates) {
    if (port != 0) Port(candidate.address) = port;
    FileDescriptor socket = Open(candidate.address, candidate.length, silence);
    if (!socket) {
      // A name may stand for several addresses, of which one suffices; but not while another
      // program gets the clients that take the other.
      error = errno;
      if (error == EADDRINUSE) Fail(address, Reason(error));
      continue;
    }
    socklen_t length = sizeof candidate.address;
    getsockname(socket.get(), Plain(candidate.address), &length);
    port = Port(candidate.address);
    listening.sockets.push_back(std::move(socket));
    if (host == "0.0.0.0") break;
  }
  if (listening.sockets.empty()) Fail(address, Reason(error));
  listening.address = address.substr(0, address.rfind(':') + 1) + std::to_string(ntohs(port));
  return listening;
}

}  // namespace shadowtutor::rpc
