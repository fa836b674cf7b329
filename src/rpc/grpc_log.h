// What gRPC itself writes to its log. It helps only to find faults in gRPC; users get every failure
// as an Error with a sentence, and the clients that a server refused as lines of its own log.
#ifndef SHADOWTUTOR_RPC_GRPC_LOG_H_
#define SHADOWTUTOR_RPC_GRPC_LOG_H_

#include <functional>
#include <string>

namespace shadowtutor::rpc {

/// Turns off what gRPC writes to stderr. Affects the whole process. Does nothing if GRPC_VERBOSITY
/// is set in the environment. To be called before anything else of gRPC's.
void SilenceGrpcLog();

/// As SilenceGrpcLog, but each TLS handshake that a server of this process gives up, and TLS files
/// that gRPC does not take when they are read again (rpc/server_tls.h), are told to `log` in a
/// plain sentence, a few a minute (see rpc/refused_clients.h). gRPC has no other way to learn of
/// them. `log` is called on gRPC's threads, one call at a time, must not use gRPC, and is kept to
/// the process's end, or until another one takes its place.
void ReportRefusedHandshakes(std::function<void(const std::string& line)> log);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_GRPC_LOG_H_
