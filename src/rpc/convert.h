// Between the messages of proto/shadowtutor/v1 and the plain structs of wire/. Reading is where
// what came from the network is checked; writing moves the big fields instead of copying them.
#ifndef SHADOWTUTOR_RPC_CONVERT_H_
#define SHADOWTUTOR_RPC_CONVERT_H_

#include "shadowtutor/types.h"
#include "shadowtutor/v1/shadowtutor.pb.h"
#include "wire/protocol.h"

namespace shadowtutor::rpc {

v1::ClientMessage ToProto(wire::ClientMessage message);
v1::ServerMessage ToProto(wire::ServerMessage message);

/// Throw Error kDataLoss or kInvalidArgument for anything that a sound partner would not send: no
/// message set, sizes over the bounds of limits.h, numbers that are not finite, stages that do not
/// exist. Values of enums that this version does not know come out as the default codec where a
/// wish is meant, and throw where data is packed that way.
wire::ClientMessage FromProto(v1::ClientMessage&& message);
wire::ServerMessage FromProto(v1::ServerMessage&& message);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CONVERT_H_
