// What the integration tests of encrypted connections share.
#ifndef SHADOWTUTOR_TESTS_TLS_LOOPBACK_H_
#define SHADOWTUTOR_TESTS_TLS_LOOPBACK_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "loopback.h"
#include "rpc/testing/certificates.h"
#include "shadowtutor/types.h"

namespace shadowtutor::tests {

/// A server that shows the certificate of `files`, and asks clients for one of the authority
/// `clients` if that is not empty.
inline std::unique_ptr<rpc::Server> StartWith(const rpc::testing::CertificateFiles& files,
                                              const std::filesystem::path& clients = {}) {
  rpc::ServerOptions options = FastServerOptions();
  options.tls = {files.certificate, files.key, clients};
  return StartServer(options);
}

/// FastLinkOptions with TLS.
inline rpc::GrpcLinkOptions Trusting(const std::string& address,
                                     const std::filesystem::path& authority) {
  rpc::GrpcLinkOptions options = FastLinkOptions(address);
  options.tls.authority = authority;
  return options;
}

/// Why a link gets no welcome; empty if it gets one.
inline std::string Refusal(const rpc::GrpcLinkOptions& options) {
  try {
    rpc::GrpcLink link(options);
    EXPECT_TRUE(link.WaitForWelcome(kPatience));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    return error.what();
  }
  return "";
}

}  // namespace shadowtutor::tests

#endif  // SHADOWTUTOR_TESTS_TLS_LOOPBACK_H_
