// Whose connection it is, for the bounds that hold for one address.
#ifndef SHADOWTUTOR_RPC_SERVER_PEER_ADDRESS_H_
#define SHADOWTUTOR_RPC_SERVER_PEER_ADDRESS_H_

#include <sys/socket.h>

#include <string>

namespace shadowtutor::rpc {

struct PeerAddress {
  /// The address without its port: "192.0.2.7", or an IPv6 network of 64 bits, "2001:db8::/64",
  /// because a single machine usually has as many addresses as it likes in one. "local" for Unix
  /// sockets. Empty when it is unknown.
  std::string text;
  /// Whether it is this machine: a loopback address or a Unix socket. A proxy on this machine
  /// brings the connections of many others, which cannot be told apart.
  bool local = false;
};

/// Thread safety of both: any thread.
PeerAddress PeerAddressOf(const sockaddr_storage& address);
/// From what gRPC calls a peer: "ipv4:192.0.2.7:1234", "ipv6:%5B::1%5D:1234", "unix:/path".
PeerAddress PeerAddressOf(const std::string& grpc_peer);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_PEER_ADDRESS_H_
