// A server's certificate, key and client authority, which may be read again while it runs. This
// header does not include gRPC's.
#ifndef SHADOWTUTOR_RPC_SERVER_TLS_H_
#define SHADOWTUTOR_RPC_SERVER_TLS_H_

#include <memory>
#include <optional>
#include <string>

#include "core/mutex.h"
#include "rpc/tls_files.h"

namespace grpc {
class ServerCredentials;
}

namespace shadowtutor::rpc {

/// Reads a server's files. Throws Error kInvalidArgument when there is no certificate, and as
/// ReadTlsFiles.
TlsTexts ReadServerTlsFiles(const TlsFiles& files);

/// Thread safety: all functions may be called from any thread.
class ServerTls {
 public:
  /// Throws as ReadServerTlsFiles.
  explicit ServerTls(TlsFiles files);

  /// Reads the files again: handshakes that begin from now on use what they hold now. When it
  /// throws, as ReadTlsFiles, the old content stays in use. Returns whom the new certificate is for
  /// and until when it is valid (CertificateText). Whether clients are asked for a certificate
  /// cannot change.
  std::string Reload();

  bool asks_clients() const { return !files_.authority.empty(); }
  /// What the last reading found, once; then nullopt until there is something new.
  std::optional<TlsTexts> TakeNew();

 private:
  const TlsFiles files_;
  Mutex mutex_;
  std::optional<TlsTexts> new_ ST_GUARDED_BY(mutex_);
};

/// Credentials that ask `tls` for what is new at the beginning of each handshake. Only one object
/// for each ServerTls, of which it keeps a share. Null means plain text.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(std::shared_ptr<ServerTls> tls);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_TLS_H_
