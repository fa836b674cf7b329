// Credentials of either side: TLS or plain text. This header does not include gRPC's.
#ifndef SHADOWTUTOR_RPC_CREDENTIALS_H_
#define SHADOWTUTOR_RPC_CREDENTIALS_H_

#include <filesystem>
#include <memory>
#include <string>

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace shadowtutor::rpc {

/// PEM files; all empty means plain text.
struct TlsFiles {
  std::filesystem::path certificate;  // our own; a client needs one only if the server asks for it
  std::filesystem::path key;          // of `certificate`
  /// The authority whose certificates we accept. A server that has one asks every client for a
  /// certificate; a client that has none accepts the system's authorities.
  std::filesystem::path authority;

  bool any() const { return !certificate.empty() || !key.empty() || !authority.empty(); }
};

/// Plain text when `files` is empty. Throws Error kInvalidArgument when there is no certificate, a
/// certificate without its key or a key without its certificate, or a file that is not PEM, and
/// kNotFound for a file that does not exist.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const TlsFiles& files);
/// Plain text unless `use_tls` or a file is given. Throws as MakeServerCredentials, but needs no
/// certificate.
std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const TlsFiles& files,
                                                                 bool use_tls = false);

/// Whether ADDR ("host:port", "[::1]:port", "unix:path") can be reached from this machine only.
bool IsLoopback(const std::string& address);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CREDENTIALS_H_
