// Errors of a conversation with a server that do not depend on its transport.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_LINK_ERRORS_H_
#define SHADOWTUTOR_LINK_ERRORS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::link {

/// Whether another attempt could succeed although neither side changes its settings.
bool MayPass(ErrorCode code);

/// Throws Error kFailedPrecondition for a server that speaks another version of the protocol.
void CheckServerVersion(uint32_t protocol_version);

/// "2.5 s".
std::string InSeconds(std::chrono::milliseconds time);

}  // namespace shadowtutor::link

#endif  // SHADOWTUTOR_LINK_ERRORS_H_
