// Where a client's server is, and how to speak to it.
#ifndef SHADOWTUTOR_RPC_CLIENT_ENDPOINT_H_
#define SHADOWTUTOR_RPC_CLIENT_ENDPOINT_H_

#include <string>

#include "rpc/credentials.h"

namespace shadowtutor::rpc {

struct Endpoint {
  std::string address = "127.0.0.1:50051";  // host:port, or unix:path
  TlsFiles tls;
  bool use_tls = false;   // TLS with the system's authorities, without any file
  bool insecure = false;  // plain text to other machines
  /// Connect here instead, to something that passes everything on to `address` (rpc/relay.h).
  /// Certificates are still those of `address`. Empty: nothing lies between.
  std::string via;
};

/// Throws Error kInvalidArgument for plain text to an address that others can reach (unless
/// `insecure`), and what MakeChannelCredentials throws.
void Check(const Endpoint& endpoint);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_ENDPOINT_H_
