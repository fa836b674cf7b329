// TLS on either side, or plain text. gRPC's headers stay out of this one.
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
  std::filesystem::path certificate;  // ours: the server needs one, a client where the server asks
  std::filesystem::path key;          // of `certificate`
  std::filesystem::path authority;    // whom we trust: the server asks clients for a certificate of
                                    // this authority; a client takes the system's where it is empty

  bool any() const { return !certificate.empty() || !key.empty() || !authority.empty(); }
};

/// Plain text when `files` is empty. Throws Error kInvalidArgument when a certificate comes without
/// its key (or the other way round), kNotFound for a file that is not there.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const TlsFiles& files);
/// Plain text unless `use_tls` or a file is given.
std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const TlsFiles& files,
                                                                 bool use_tls = false);

/// Whether ADDR ("host:port", "[::1]:port", "unix:path") can be reached from this machine only.
bool IsLoopback(const std::string& address);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CREDENTIALS_H_
