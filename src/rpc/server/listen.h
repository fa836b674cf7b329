// Opens the sockets that a server listens on.
#ifndef SHADOWTUTOR_RPC_SERVER_LISTEN_H_
#define SHADOWTUTOR_RPC_SERVER_LISTEN_H_

#include <chrono>
#include <string>
#include <vector>

#include "core/file_descriptor.h"

namespace shadowtutor::rpc {

struct ListeningSockets {
  std::vector<FileDescriptor> sockets;  // one for each address that the name stands for
  std::string address;                  // as it was given, with the port in use
  std::string path;                     // of a Unix socket, to be removed at the end
};

/// Listens on "host:port", "[::1]:port", "unix:path" or "unix-abstract:name". Port 0 takes a free
/// one. A host of 0.0.0.0 or [::] listens for IPv4 and IPv6. A socket file of a server that is
/// gone is replaced. A connection that does not acknowledge what it was sent for `silence` is
/// given up. Throws Error kUnavailable with the reason when it cannot listen there.
///
/// Thread safety: any thread.
ListeningSockets ListenOn(const std::string& address, std::chrono::milliseconds silence);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_LISTEN_H_
