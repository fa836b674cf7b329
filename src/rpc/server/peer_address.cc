#include "rpc/server/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <string_view>

namespace shadowtutor::rpc {
namespace {

PeerAddress FromIpv4(const in_addr& address) {
  char text[INET_ADDRSTRLEN] = "";
  inet_ntop(AF_INET, &address, text, sizeof text);
  return {text, (ntohl(address.s_addr) >> 24) == 127};
}

PeerAddress FromIpv6(in6_addr address) {
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    in_addr inner{};
    std::copy_n(&address.s6_addr[12], 4, reinterpret_cast<uint8_t*>(&inner));
    return FromIpv4(inner);
  }
  if (IN6_IS_ADDR_LOOPBACK(&address)) return {"::1", true};
  std::fill_n(&address.s6_addr[8], 8, uint8_t{0});
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(AF_INET6, &address, text, sizeof text);
  return {std::string(text) + "/64", false};
}

std::string WithoutPercents(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "%5B" || text.substr(i, 3) == "%5D") {
      plain += text[i + 2] == 'B' ? '[' : ']';
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

PeerAddress PeerAddressOf(const sockaddr_storage& address) {
  switch (address.ss_family) {
    case AF_INET:
      return FromIpv4(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
    case AF_INET6:
      return FromIpv6(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
    case AF_UNIX:
      return {"local", true};
    default:
      return {};
  }
}

PeerAddress PeerAddressOf(const std::string& grpc_peer) {
  if (grpc_peer.starts_with("unix")) return {"local", true};
  const std::string peer = WithoutPercents(grpc_peer);
  const size_t port = peer.rfind(':');
  if (port == std::string::npos || port < 5) return {};
  if (peer.starts_with("ipv4:")) {
    in_addr address{};
    if (inet_pton(AF_INET, peer.substr(5, port - 5).c_str(), &address) != 1) return {};
    return FromIpv4(address);
  }
  if (!peer.starts_with("ipv6:[")) return {};
  std::string host = peer.substr(6, peer.find(']') - 6);
  host = host.substr(0, host.find('%'));  // without the interface of a link-local address
  in6_addr address{};
  if (inet_pton(AF_INET6, host.c_str(), &address) != 1) return {};
  return FromIpv6(address);
}

}  // namespace shadowtutor::rpc
