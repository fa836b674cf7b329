#include "rpc/credentials.h"

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <utility>

#include "shadowtutor/types.h"

namespace shadowtutor::rpc {

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const TlsFiles& files) {
  if (!files.any()) return grpc::InsecureServerCredentials();
  if (files.certificate.empty() && files.key.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "a server that speaks TLS needs a certificate; give one and its key",
                Setting::kCertificate);
  }
  TlsTexts texts = ReadTlsFiles(files);
  grpc::SslServerCredentialsOptions options(
      files.authority.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                              : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = std::move(texts.authority);
  options.pem_key_cert_pairs.push_back({std::move(texts.key), std::move(texts.certificate)});
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const TlsFiles& files,
                                                                 bool use_tls) {
  if (!use_tls && !files.any()) return grpc::InsecureChannelCredentials();
  TlsTexts texts = ReadTlsFiles(files);
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = std::move(texts.authority);
  options.pem_private_key = std::move(texts.key);
  options.pem_cert_chain = std::move(texts.certificate);
  return grpc::SslCredentials(options);
}

}  // namespace shadowtutor::rpc
