// Errors as gRPC's status and back. No other file maps our error codes to gRPC's.
#ifndef SHADOWTUTOR_RPC_STATUS_H_
#define SHADOWTUTOR_RPC_STATUS_H_

#include <grpcpp/support/status.h>
#include <grpcpp/support/string_ref.h>

#include <chrono>
#include <map>

#include "shadowtutor/types.h"

namespace shadowtutor::rpc {

grpc::StatusCode ToStatusCode(ErrorCode code);
grpc::Status ToStatus(const Error& error);
ErrorCode FromStatusCode(grpc::StatusCode code);

/// The name of the trailing metadata in which a call that is refused says after how many
/// milliseconds another attempt may succeed.
inline constexpr char kRetryAfter[] = "shadowtutor-retry-after-ms";
/// The time that a call's trailing metadata have under that name; 0 without, and for what is no
/// number.
std::chrono::milliseconds RetryAfterIn(
    const std::multimap<grpc::string_ref, grpc::string_ref>& metadata);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_STATUS_H_
