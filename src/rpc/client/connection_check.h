// Finds out why a client could not connect.
//
// gRPC reports most failures with the same words ("certificate verify failed", "Socket closed").
// After such a failure this check connects once more by itself and looks: who answers, in which
// protocol, with which certificate, and what is wrong with that.
#ifndef SHADOWTUTOR_RPC_CLIENT_CONNECTION_CHECK_H_
#define SHADOWTUTOR_RPC_CLIENT_CONNECTION_CHECK_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "rpc/client/endpoint.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {

struct ConnectionProblem {
  /// Whether `sentence` says all. If not, it is only the reason why there seems to be no server,
  /// for example "nothing listens on that port".
  bool complete = false;
  std::string sentence;
  Setting about = Setting::kNone;
};

/// `message` is what gRPC said. Takes at most `timeout`, and ends soon when `stop`, which may be
/// empty, returns true. Returns nullopt when gRPC's message says nothing of connecting, or when the
/// check finds nothing wrong.
///
/// Thread safety: any thread.
std::optional<ConnectionProblem> FindConnectionProblem(const Endpoint& endpoint,
                                                       const std::string& message,
                                                       std::chrono::milliseconds timeout,
                                                       const std::function<bool()>& stop);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_CONNECTION_CHECK_H_
