// gRPC's own lines on stderr: for those who look for a fault in gRPC, noise for everybody else,
// since what goes wrong reaches users as an Error with a sentence.
#ifndef SHADOWTUTOR_RPC_GRPC_LOG_H_
#define SHADOWTUTOR_RPC_GRPC_LOG_H_

namespace shadowtutor::rpc {

/// For the whole process, unless GRPC_VERBOSITY is set in the environment. Call it before anything
/// else of gRPC's.
void SilenceGrpcLog();

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_GRPC_LOG_H_
