// Whole students as they come from a server.
#ifndef SHADOWTUTOR_LINK_RECEIVED_STUDENT_H_
#define SHADOWTUTOR_LINK_RECEIVED_STUDENT_H_

#include "client/server_link.h"
#include "nn/network.h"
#include "wire/protocol.h"

namespace shadowtutor::link {

/// The student in `message`, whose updates begin at the stage `cut`. Takes milliseconds. Throws
/// Error kDataLoss for one that was damaged on its way, and as nn::ParseCheckpoint. Thread safety:
/// any thread.
client::ServerLink::WholeStudent ParseStudent(const wire::WholeStudent& message, nn::Stage cut);

}  // namespace shadowtutor::link

#endif  // SHADOWTUTOR_LINK_RECEIVED_STUDENT_H_
