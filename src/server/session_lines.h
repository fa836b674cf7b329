// What the log's lines about a session say of its messages.
#ifndef SHADOWTUTOR_SERVER_SESSION_LINES_H_
#define SHADOWTUTOR_SERVER_SESSION_LINES_H_

#include <string>

#include "server/admission.h"
#include "wire/messages.h"
#include "wire/protocol.h"

namespace shadowtutor::server {

/// "client 1.2.3, frames 1280x720 h264, updates coded". Thread safety of all: any thread.
std::string Describe(const wire::Hello& hello);
/// "frame 24: mIoU 0.812 -> 0.901, 8 steps, teacher 40 ms, training 160 ms, 0.01 MiB down".
std::string Describe(const wire::Update& update);

/// "much to do: from now on key frames are at least 12 frames apart, with 75 % of their
/// distillation steps", or that it is over. `min_stride` is the policy's.
std::string Describe(const Terms& terms, int min_stride);

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_SESSION_LINES_H_
