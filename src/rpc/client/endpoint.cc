#include "rpc/client/endpoint.h"

#include <grpcpp/security/credentials.h>

#include "rpc/address.h"
#include "rpc/host_lookup.h"
#include "rpc/token.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {

void Check(const Endpoint& endpoint) {
  const ServerAddress server = ParseServerAddress(endpoint.address, AddressUse::kConnect);
  const bool plain = !endpoint.use_tls && !endpoint.tls.any();
  if (plain && !endpoint.insecure && !IsLoopback(endpoint.address)) {
    CheckHostIsKnown(server);  // what is wrong with it is wrong first
    throw Error(ErrorCode::kInvalidArgument,
                "frames would travel to " + endpoint.address +
                    " in plain text; name the authority of the server's certificate, or allow "
                    "plain text if the network is yours alone",
                Setting::kPlainText);
  }
  if (!endpoint.token.empty() && !IsTokenText(endpoint.token)) {
    throw Error(ErrorCode::kInvalidArgument,
                "the token is none; it has 16 to 256 printable characters of ASCII without spaces",
                Setting::kToken);
  }
  MakeChannelCredentials(endpoint.tls, endpoint.use_tls);  // throws now what would fail later
}

}  // namespace shadowtutor::rpc
