#include "rpc/credentials.h"

#include <grpcpp/security/credentials.h>

#include <utility>

namespace shadowtutor::rpc {

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
