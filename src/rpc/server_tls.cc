#include "rpc/server_tls.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include <utility>

#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

// Called by gRPC when a server begins to listen and at the beginning of each handshake. When it has
// something new, gRPC makes a context of it for this handshake and those that follow; connections
// that are there keep theirs. gRPC 1.51 does not guard that exchange: all handshakes have to begin
// on one thread, which here is that of ConnectionAcceptor (rpc/server/).
grpc_ssl_certificate_config_reload_status Fetch(void* server_tls,
                                                grpc_ssl_server_certificate_config** config) {
  const std::optional<TlsTexts> texts = static_cast<ServerTls*>(server_tls)->TakeNew();
  if (!texts) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const grpc_ssl_pem_key_cert_pair pair = {texts->key.c_str(), texts->certificate.c_str()};
  // gRPC 1.51 insists on authorities here, also where clients are not asked for a certificate and
  // nothing is compared with them.
  const std::string& authority = texts->authority.empty() ? texts->certificate : texts->authority;
  *config = grpc_ssl_server_certificate_config_create(authority.c_str(), &pair, 1);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

// gRPC's C++ interface has SSL credentials with a fixed certificate, and experimental ones that
// poll the files. Those that ask are in its C interface.
class AskingCredentials final : public grpc::ServerCredentials {
 public:
  explicit AskingCredentials(std::shared_ptr<ServerTls> tls) : tls_(std::move(tls)) {
    credentials_ = grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            tls_->asks_clients() ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                 : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
            Fetch, tls_.get()));
  }
  ~AskingCredentials() override { grpc_server_credentials_release(credentials_); }
  AskingCredentials(const AskingCredentials&) = delete;
  AskingCredentials& operator=(const AskingCredentials&) = delete;

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  const std::shared_ptr<ServerTls> tls_;
  grpc_server_credentials* credentials_;
};

}  // namespace

TlsTexts ReadServerTlsFiles(const TlsFiles& files) {
  if (files.certificate.empty() && files.key.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "a server that speaks TLS needs a certificate; give one and its key",
                Setting::kCertificate);
  }
  return ReadTlsFiles(files);
}

ServerTls::ServerTls(TlsFiles files) : files_(std::move(files)), new_(ReadServerTlsFiles(files_)) {}

std::string ServerTls::Reload() {
  TlsTexts texts = ReadServerTlsFiles(files_);
  std::string certificate = CertificateText(texts.certificate);
  const MutexLock lock(mutex_);
  new_ = std::move(texts);
  return certificate;
}

std::optional<TlsTexts> ServerTls::TakeNew() {
  const MutexLock lock(mutex_);
  return std::exchange(new_, std::nullopt);
}

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(std::shared_ptr<ServerTls> tls) {
  if (tls == nullptr) return grpc::InsecureServerCredentials();
  return std::make_shared<AskingCredentials>(std::move(tls));
}

}  // namespace shadowtutor::rpc
