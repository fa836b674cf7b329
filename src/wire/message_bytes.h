// The tutor's messages as bytes, for transports that are not gRPC (shadowtutor/link.h). Welcome,
// Update, WholeStudent and ErrorMessage; not HandOverRequest, which such a transport never has.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_WIRE_MESSAGE_BYTES_H_
#define SHADOWTUTOR_WIRE_MESSAGE_BYTES_H_

#include <cstdint>
#include <span>
#include <vector>

#include "wire/protocol.h"

namespace shadowtutor::wire {

/// Throws Error kInternal for a HandOverRequest.
std::vector<uint8_t> ToBytes(const ServerMessage& message);

/// The inverse. `bytes` may come from anywhere. Throws Error kDataLoss for what is no message, or
/// one with values out of range, and kFailedPrecondition for a Welcome of another version of the
/// protocol; the weights are checked where they are put to use.
ServerMessage ServerMessageFrom(std::span<const uint8_t> bytes);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_MESSAGE_BYTES_H_
