// Turns off what gRPC itself writes to stderr. It helps only to find faults in gRPC; users get
// every failure as an Error with a sentence.
#ifndef SHADOWTUTOR_RPC_GRPC_LOG_H_
#define SHADOWTUTOR_RPC_GRPC_LOG_H_

namespace shadowtutor::rpc {

/// Affects the whole process. Does nothing if GRPC_VERBOSITY is set in the environment. To be
/// called before anything else of gRPC's.
void SilenceGrpcLog();

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_GRPC_LOG_H_
