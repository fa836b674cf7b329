// Credentials of either side: TLS or plain text. This header does not include gRPC's.
#ifndef SHADOWTUTOR_RPC_CREDENTIALS_H_
#define SHADOWTUTOR_RPC_CREDENTIALS_H_

#include <memory>

#include "rpc/tls_files.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

namespace shadowtutor::rpc {

/// Plain text when `files` is empty. Throws Error kInvalidArgument when there is no certificate,
/// and as ReadTlsFiles.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const TlsFiles& files);
/// Plain text unless `use_tls` or a file is given. Throws as MakeServerCredentials, but needs no
/// certificate.
std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const TlsFiles& files,
                                                                 bool use_tls = false);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CREDENTIALS_H_
