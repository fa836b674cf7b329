#include "rpc/client/link_errors.h"

#include <optional>

#include "link/errors.h"
#include "rpc/client/connection_check.h"
#include "wire/limits.h"

namespace shadowtutor::rpc {
namespace {

std::optional<ConnectionProblem> FindProblem(const Endpoint& endpoint, const std::string& message,
                                             const std::function<bool()>& stop) {
  try {
    return FindConnectionProblem(endpoint, message, wire::kConnectionCheckTimeout, stop);
  } catch (const Error&) {
    return std::nullopt;  // then what gRPC said must suffice
  }
}

// Whether this is what gRPC says of a web server, or of a gRPC server of another service.
bool IsOtherService(const std::string& message) {
  for (const char* part : {"http2 header with status", "invalid value for content-type",
                           "unknown service", "Method not found"}) {
    if (message.find(part) != std::string::npos) return true;
  }
  return message.empty();
}

}  // namespace

Error ExplainLinkError(const Error& error, const Endpoint& endpoint, LinkStage stage,
                       const std::function<bool()>& stop) {
  const std::string& address = endpoint.address;
  const std::string what = error.what();
  if (stage == LinkStage::kWelcomed) {
    return Error(error.code(), "lost the connection to " + address + " (" + what + ")");
  }
  if (IsOtherService(what)) {
    return Error(error.code(),
                 "at " + address + " answers another program, which is no ShadowTutor server (" +
                     (what.empty() ? std::string("it does not know our calls") : what) +
                     "); check the address and the port",
                 Setting::kServerAddress);
  }
  if (error.code() == ErrorCode::kUnavailable) {
    const auto problem = FindProblem(endpoint, what, stop);
    if (problem && problem->complete) {
      return Error(error.code(), problem->sentence, problem->about);
    }
    const std::string sentence =
        "there is no server at " + address + " (" + (problem ? problem->sentence : what) + ")";
    if (stage == LinkStage::kConnecting) return Error(error.code(), sentence);
    return Error(error.code(),
                 sentence +
                     "; start one with 'shadowtutor serve', check the address, or keep "
                     "trying until it is there",
                 Setting::kRetry);
  }
  const Setting about =
      error.code() == ErrorCode::kUnauthenticated ? Setting::kToken : error.about();
  if (what.find(address) != std::string::npos) return error;
  return Error(error.code(), "the server at " + address + ": " + what, about);
}

bool IsRefusal(const Error& error) {
  switch (error.about()) {
    case Setting::kPlainText:
    case Setting::kCertificate:
    case Setting::kAuthority:
      return true;
    default:
      return !link::MayPass(error.code());
  }
}

}  // namespace shadowtutor::rpc
