// A client's credentials: TLS or plain text; a server's are in rpc/server_tls.h. This header does
// not include gRPC's.
#ifndef SHADOWTUTOR_RPC_CREDENTIALS_H_
#define SHADOWTUTOR_RPC_CREDENTIALS_H_

#include <memory>

#include "rpc/tls_files.h"

namespace grpc {
class ChannelCredentials;
}  // namespace grpc

namespace shadowtutor::rpc {

/// Plain text unless `use_tls` or a file is given. Throws as ReadTlsFiles.
std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const TlsFiles& files,
                                                                 bool use_tls = false);

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CREDENTIALS_H_
