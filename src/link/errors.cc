#include "link/errors.h"

#include "wire/protocol.h"

namespace shadowtutor::link {

bool MayPass(ErrorCode code) {
  return code != ErrorCode::kInvalidArgument && code != ErrorCode::kFailedPrecondition &&
         code != ErrorCode::kDataLoss && code != ErrorCode::kUnauthenticated;
}

void CheckServerVersion(uint32_t protocol_version) {
  if (protocol_version == wire::kProtocolVersion) return;
  throw Error(ErrorCode::kFailedPrecondition,
              "the server speaks protocol version " + std::to_string(protocol_version) +
                  ", this client version " + std::to_string(wire::kProtocolVersion) +
                  "; use releases that fit each other");
}

std::string InSeconds(std::chrono::milliseconds time) {
  const std::string text = std::to_string(static_cast<double>(time.count()) / 1000);
  return text.substr(0, text.find('.') + 2) + " s";
}

}  // namespace shadowtutor::link
