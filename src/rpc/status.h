// Errors as gRPC's status and back. No other file maps our error codes to gRPC's.
#ifndef SHADOWTUTOR_RPC_STATUS_H_
#define SHADOWTUTOR_RPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "shadowtutor/types.h"

namespace shadowtutor::rpc {

grpc::StatusCode ToStatusCode(ErrorCode code);
grpc::Status ToStatus(const Error& error);
ErrorCode FromStatusCode(grpc::StatusCode code);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_STATUS_H_
