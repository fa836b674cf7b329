// A server takes another certificate, and other clients' authorities, while it runs.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/atomic_file.h"
#include "loopback.h"
#include "rpc/grpc_log.h"
#include "rpc/testing/certificates.h"
#include "shadowtutor/types.h"
#include "tls_loopback.h"

namespace shadowtutor::tests {
namespace {

namespace fs = std::filesystem;
using rpc::testing::CertificateFiles;
using rpc::testing::MakeCertificate;

class TlsReload : public ::testing::Test {
 protected:
  TlsReload() : folder_(fs::path(::testing::TempDir()) / "tls_reload_test") {
    fs::create_directories(folder_);
    a_ = MakeCertificate(folder_, "a", {.name = "Authority A", .authority = true});
    b_ = MakeCertificate(folder_, "b", {.name = "Authority B", .authority = true});
    files_ = Issue(a_);
  }
  ~TlsReload() override { fs::remove_all(folder_); }

  // The server's files, from now on.
  CertificateFiles Issue(const CertificateFiles& by) {
    return MakeCertificate(folder_, "server", {.name = "server"}, &by);
  }
  static bool Learns(Tutored& client) {
    return client.ProcessUntil([](const auto& report) { return report.update_applied; });
  }

  const fs::path folder_;
  CertificateFiles a_, b_, files_;
};

TEST_F(TlsReload, NewConnectionsGetTheNewCertificateAndSessionsGoOn) {
  const auto server = StartWith(files_);
  Tutored old = Connect(Trusting(server->address(), a_.certificate));
  ASSERT_TRUE(Learns(old));

  Issue(b_);
  EXPECT_EQ(Refusal(Trusting(server->address(), a_.certificate)),
            "");  // nobody has asked for it yet
  EXPECT_EQ(server->ReloadTls().find("server, valid until 2"), 0u);
  EXPECT_EQ(Refusal(Trusting(server->address(), b_.certificate)), "");
  EXPECT_NE(Refusal(Trusting(server->address(), a_.certificate)).find("was issued by Authority B"),
            std::string::npos);
  EXPECT_TRUE(Learns(old));
  EXPECT_EQ(old.link->stats().sessions, 1u);
}

TEST_F(TlsReload, WhatIsBrokenIsRefusedAndTheOldStays) {
  const auto server = StartWith(files_);
  Tutored old = Connect(Trusting(server->address(), a_.certificate));
  const auto code = [&] {
    try {
      server->ReloadTls();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  fs::copy(b_.key, files_.key, fs::copy_options::overwrite_existing);  // another certificate's
  EXPECT_EQ(code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Refusal(Trusting(server->address(), a_.certificate)), "");
  WriteFileAtomically(files_.certificate, std::string_view("nonsense"), false);
  EXPECT_EQ(code(), ErrorCode::kInvalidArgument);
  fs::remove(files_.certificate);
  EXPECT_EQ(code(), ErrorCode::kNotFound);
  EXPECT_EQ(Refusal(Trusting(server->address(), a_.certificate)), "");
  EXPECT_TRUE(Learns(old));
  // Repaired, and read again as often as one likes.
  for (const CertificateFiles* by : {&b_, &a_, &b_}) {
    Issue(*by);
    server->ReloadTls();
    EXPECT_EQ(Refusal(Trusting(server->address(), by->certificate)), "");
  }
}

TEST_F(TlsReload, WhatOnlyGrpcRefusesIsToldToTheLogAndTheOldStays) {
  const auto log = std::make_shared<Log>();
  rpc::ReportRefusedHandshakes([log](const std::string& line) { log->Add(line); });
  const auto server = StartWith(files_);
  // OpenSSL's own form of a certificate.
  const std::vector<uint8_t> bytes = ReadFile(Issue(b_).certificate, size_t{1} << 20);
  std::string text(bytes.begin(), bytes.end());
  for (size_t at = 0; (at = text.find(" CERTIFICATE", at)) != std::string::npos; at += 20) {
    text.insert(at, " TRUSTED");
  }
  WriteFileAtomically(files_.certificate, text, false);
  server->ReloadTls();
  EXPECT_EQ(Refusal(Trusting(server->address(), a_.certificate)), "");
  EXPECT_TRUE(log->WaitFor("gRPC cannot use the TLS files"));
  rpc::ReportRefusedHandshakes({});
}

TEST_F(TlsReload, TheClientsAuthorityIsReadAgainToo) {
  const fs::path clients = folder_ / "clients.pem";
  fs::copy(a_.certificate, clients);
  const auto server = StartWith(files_, clients);
  const auto showing = [&](const CertificateFiles& by, const char* name) {
    const CertificateFiles ours = MakeCertificate(folder_, name, {.name = name}, &by);
    rpc::GrpcLinkOptions options = Trusting(server->address(), a_.certificate);
    options.tls.certificate = ours.certificate;
    options.tls.key = ours.key;
    return options;
  };
  const auto of_a = showing(a_, "client_a"), of_b = showing(b_, "client_b");
  EXPECT_EQ(Refusal(of_a), "");
  EXPECT_NE(Refusal(of_b), "");
  fs::copy(b_.certificate, clients, fs::copy_options::overwrite_existing);
  server->ReloadTls();
  EXPECT_EQ(Refusal(of_b), "");
  EXPECT_NE(Refusal(of_a).find("does not accept our certificate"), std::string::npos);
  EXPECT_NE(Refusal(Trusting(server->address(), a_.certificate))
                .find("takes only clients with a certificate"),
            std::string::npos);
}

TEST_F(TlsReload, PlainTextHasNothingToRead) { EXPECT_EQ(StartServer()->ReloadTls(), ""); }

}  // namespace
}  // namespace shadowtutor::tests
