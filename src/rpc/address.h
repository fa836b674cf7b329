// The addresses of servers: "host:port", "[::1]:port", "unix:path" and "unix-abstract:name". One
// reader for everything that takes one.
#ifndef SHADOWTUTOR_RPC_ADDRESS_H_
#define SHADOWTUTOR_RPC_ADDRESS_H_

#include <string>

namespace shadowtutor::rpc {

enum class AddressUse {
  kListen,   // port 0 takes a free port
  kConnect,  // there is no port 0
};

struct ServerAddress {
  std::string host;  // a name or a number, without brackets; empty for a Unix socket
  int port = 0;
  std::string path;       // of a Unix socket, or its name
  bool abstract = false;  // a Unix socket with a name instead of a path

  bool is_unix() const { return host.empty(); }
};

/// Reads an address. A host is an IPv4 or IPv6 number or a name; names are not looked up. Throws
/// Error kInvalidArgument with a sentence of its own for each way in which an address can be wrong:
/// no port, no host, a port that is no number from 1 to 65535, http:// in front, IPv6 without
/// brackets, a user name, and so on. The sentence never shows a password.
///
/// Thread safety of all: any thread.
ServerAddress ParseServerAddress(const std::string& text, AddressUse use);

/// Whether `address` can be reached from this machine only: a loopback address or a Unix socket.
/// False for what is no address.
bool IsLoopback(const std::string& address);

/// Whether `host` is a number of a private network (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16,
/// fc00::/7) or of one cable (169.254.0.0/16, fe80::/10), or a name that only a local network can
/// know: one without a dot, or in .local, .lan, .internal, .home.arpa or .localdomain.
bool IsInPrivateNetwork(const std::string& host);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_ADDRESS_H_
