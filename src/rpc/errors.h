// Converts errors to and from messages and gRPC's status. No other file maps our error codes to
// gRPC's.
#ifndef SHADOWTUTOR_RPC_ERRORS_H_
#define SHADOWTUTOR_RPC_ERRORS_H_

#include <grpcpp/support/status.h>

#include "shadowtutor/types.h"
#include "shadowtutor/v1/shadowtutor.pb.h"
#include "wire/protocol.h"

namespace shadowtutor::rpc {

v1::ErrorMessage ToProto(wire::ErrorMessage error);
/// Throws Error kInvalidArgument for a sentence that is too long.
wire::ErrorMessage FromProto(const v1::ErrorMessage& from);

grpc::StatusCode ToStatusCode(ErrorCode code);
grpc::Status ToStatus(const Error& error);
ErrorCode FromStatusCode(grpc::StatusCode code);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_ERRORS_H_
