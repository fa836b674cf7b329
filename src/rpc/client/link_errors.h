// Explains to the user why the connection to the server failed, for both kinds of link.
#ifndef SHADOWTUTOR_RPC_CLIENT_LINK_ERRORS_H_
#define SHADOWTUTOR_RPC_CLIENT_LINK_ERRORS_H_

#include <functional>
#include <string>

#include "rpc/client/endpoint.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {

/// How far a connection had come when it failed.
enum class LinkStage {
  kConnecting,  // and the link will try again
  kGivingUp,    // connecting, and the link will not try again
  kWelcomed,
};

/// Returns `error` with the server's address and with what the user can do about it. Where gRPC
/// could not connect, it finds out why (rpc/client/connection_check.h), for which it takes
/// wire::kConnectionCheckTimeout at most, and ends soon when `stop`, which may be empty, returns
/// true.
Error ExplainLinkError(const Error& error, const Endpoint& endpoint, LinkStage stage,
                       const std::function<bool()>& stop);

/// Whether this error of an attempt to connect (after ExplainLinkError) comes back at every further
/// one, as long as neither side changes its settings.
bool IsRefusal(const Error& error);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_LINK_ERRORS_H_
