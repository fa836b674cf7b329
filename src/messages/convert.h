// Converts between the messages of proto/shadowtutor/v1 and the plain structs of wire/. FromProto
// checks everything that came from the network; ToProto moves large fields instead of copying them.
#ifndef SHADOWTUTOR_MESSAGES_CONVERT_H_
#define SHADOWTUTOR_MESSAGES_CONVERT_H_

#include "shadowtutor/types.h"
#include "shadowtutor/v1/shadowtutor.pb.h"
#include "wire/protocol.h"

namespace shadowtutor::messages {

v1::ClientMessage ToProto(wire::ClientMessage message);
v1::ServerMessage ToProto(wire::ServerMessage message);

/// Throw Error kDataLoss or kInvalidArgument for anything that a correct peer would not send: no
/// message set, sizes over the bounds of wire/limits.h, numbers that are not finite, stages that do
/// not exist. A codec that this version does not know becomes the default codec where the peer only
/// wishes for it, and is an error where data is already packed with it.
wire::ClientMessage FromProto(v1::ClientMessage&& message);
wire::ServerMessage FromProto(v1::ServerMessage&& message);

}  // namespace shadowtutor::messages

#endif  // SHADOWTUTOR_MESSAGES_CONVERT_H_
