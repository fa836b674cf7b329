// Which proxy, if any, the way to a server leads through.
#ifndef SHADOWTUTOR_RPC_CLIENT_PROXY_H_
#define SHADOWTUTOR_RPC_CLIENT_PROXY_H_

#include <optional>
#include <string>

namespace shadowtutor::rpc {

struct Proxy {
  std::string variable;  // of the environment, which names it
  std::string address;   // as it may be shown, without a password
};

/// The proxy that the environment names for `address`. As gRPC reads it: grpc_proxy, else
/// https_proxy, else http_proxy, and none for what no_grpc_proxy or no_proxy lists. But no proxy is
/// asked for this machine itself, and those of https_proxy and http_proxy, which are set for
/// browsing, are not asked for a private network (IsInPrivateNetwork), because they can seldom
/// reach it. Thread safety: as getenv.
std::optional<Proxy> ProxyFor(const std::string& address);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_PROXY_H_
