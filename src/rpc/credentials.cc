#include "rpc/credentials.h"

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <string_view>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor::rpc {
namespace {

constexpr size_t kMaxPemBytes = size_t{1} << 20;

std::string ReadPem(const std::filesystem::path& file) {
  if (file.empty()) return {};
  const std::vector<uint8_t> bytes = ReadFile(file, kMaxPemBytes);
  std::string text(bytes.begin(), bytes.end());
  if (text.find("-----BEGIN ") == std::string::npos) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() + " is not a PEM file; give certificates and keys as PEM");
  }
  return text;
}

void CheckPair(const TlsFiles& files) {
  if (files.certificate.empty() != files.key.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "a TLS certificate and its key go together; give both",
                Setting::kCertificate);
  }
}

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const TlsFiles& files) {
  if (!files.any()) return grpc::InsecureServerCredentials();
  CheckPair(files);
  if (files.certificate.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "a server that speaks TLS needs a certificate; give one and its key",
                Setting::kCertificate);
  }
  grpc::SslServerCredentialsOptions options(
      files.authority.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                              : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = ReadPem(files.authority);
  options.pem_key_cert_pairs.push_back({ReadPem(files.key), ReadPem(files.certificate)});
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> MakeChannelCredentials(const TlsFiles& files,
                                                                 bool use_tls) {
  if (!use_tls && !files.any()) return grpc::InsecureChannelCredentials();
  CheckPair(files);
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ReadPem(files.authority);
  options.pem_private_key = ReadPem(files.key);
  options.pem_cert_chain = ReadPem(files.certificate);
  return grpc::SslCredentials(options);
}

bool IsLoopback(const std::string& address) {
  const std::string_view all = address;
  if (all.starts_with("unix:") || all.starts_with("unix-abstract:")) return true;
  const size_t colon = all.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view host = all.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  // A name such as 127.0.0.1.example.org is none of ours: digits and dots only.
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") &&
          host.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace shadowtutor::rpc
