// The address of a client's server, and how to connect to it.
#ifndef SHADOWTUTOR_RPC_CLIENT_ENDPOINT_H_
#define SHADOWTUTOR_RPC_CLIENT_ENDPOINT_H_

#include <string>

#include "rpc/credentials.h"

namespace shadowtutor::rpc {

struct Endpoint {
  std::string address = "127.0.0.1:50051";  // see rpc/address.h
  TlsFiles tls;
  bool use_tls = false;    // TLS with the system's authorities, without any file
  bool insecure = false;   // plain text to other machines
  std::string token = {};  // by which the server knows this client; empty: none
  /// If not empty, the client connects to this address instead, where a relay (app/relay.h) passes
  /// everything on to `address`. Certificates are still checked for `address`.
  std::string via;
};

/// Throws Error kInvalidArgument for what is no address, for plain text to an address that other
/// machines can reach (unless `insecure`), and as ReadTlsFiles.
void Check(const Endpoint& endpoint);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_ENDPOINT_H_
