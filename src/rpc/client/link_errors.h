// What a client is told when the connection to its server fails: for both kinds of link.
#ifndef SHADOWTUTOR_RPC_CLIENT_LINK_ERRORS_H_
#define SHADOWTUTOR_RPC_CLIENT_LINK_ERRORS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::rpc {

/// How far a connection had come when it failed.
enum class LinkStage {
  kConnecting,  // and the link will try again
  kGivingUp,    // connecting, and the link will not try again
  kWelcomed,
};

/// `error` with the server's address and what the user can do about it.
Error ExplainLinkError(const Error& error, const std::string& address, LinkStage stage);

/// Throws Error kFailedPrecondition for a server that speaks another version of the protocol.
void CheckServerVersion(uint32_t protocol_version);

/// "2.5 s".
std::string InSeconds(std::chrono::milliseconds time);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_LINK_ERRORS_H_
