// Encrypted connections, and what both sides say when one does not come about.
#include <gtest/gtest.h>

#include <filesystem>

#include "app/relay.h"
#include "loopback.h"
#include "rpc/client/segment_link.h"
#include "rpc/grpc_log.h"
#include "rpc/testing/certificates.h"
#include "tls_loopback.h"

namespace shadowtutor::tests {
namespace {

namespace fs = std::filesystem;
using rpc::testing::CertificateFiles;
using rpc::testing::CertificateSpec;
using rpc::testing::MakeCertificate;

class Tls : public ::testing::Test {
 protected:
  Tls() : folder_(fs::path(::testing::TempDir()) / "tls_test") {
    fs::create_directories(folder_);
    authority_ = MakeCertificate(folder_, "authority", {.name = "Authority", .authority = true});
    other_ = MakeCertificate(folder_, "other", {.name = "Other", .authority = true});
    good_ = Make("good", {});
  }
  ~Tls() override { fs::remove_all(folder_); }

  CertificateFiles Make(const std::string& file, const CertificateSpec& spec) {
    return MakeCertificate(folder_, file, spec, &authority_);
  }
  static void ExpectPart(const std::string& sentence, const std::string& part) {
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
  }

  const fs::path folder_;
  CertificateFiles authority_, other_, good_;
};

TEST_F(Tls, ConnectsBothWaysAndThroughARelay) {
  const auto server = StartWith(good_, authority_.certificate);
  auto options = Trusting(server->address(), authority_.certificate);
  const CertificateFiles ours = Make("client", {});
  options.tls.certificate = ours.certificate;
  options.tls.key = ours.key;
  EXPECT_EQ(Refusal(options), "");
  const app::Relay relay({options.address, 1e9});
  options.via = relay.address();
  EXPECT_EQ(Refusal(options), "");
}

TEST_F(Tls, TheClientSaysWhatIsWrong) {
  {
    const auto server = StartWith(good_);
    ExpectPart(Refusal(Trusting(server->address(), other_.certificate)), "was issued by Authority");
    ExpectPart(Refusal(FastLinkOptions(server->address())), "speaks TLS, but this client");
    auto through = Trusting(server->address(), other_.certificate);
    const app::Relay relay({through.address, 1e9});
    through.via = relay.address();
    ExpectPart(Refusal(through), "was issued by Authority");
  }
  {
    const auto server = StartWith(Make("old", {.from_days = -20, .to_days = -10}));
    ExpectPart(Refusal(Trusting(server->address(), authority_.certificate)), "expired on");
  }
  {
    const auto server = StartWith(Make("early", {.from_days = 10, .to_days = 20}));
    ExpectPart(Refusal(Trusting(server->address(), authority_.certificate)), "is not valid before");
  }
  {
    const auto server = StartWith(Make("named", {.names = "DNS:tutor.example.org"}));
    ExpectPart(Refusal(Trusting(server->address(), authority_.certificate)),
               "is made out for tutor.example.org, not for 127.0.0.1");
  }
  const auto server = StartServer();
  ExpectPart(Refusal(Trusting(server->address(), authority_.certificate)), "speaks plain text");
}

TEST_F(Tls, TheClientSaysThatItNeedsACertificate) {
  const auto server = StartWith(good_, authority_.certificate);
  auto options = Trusting(server->address(), authority_.certificate);
  ExpectPart(Refusal(options), "takes only clients with a certificate");
  const CertificateFiles ours = MakeCertificate(folder_, "of_other", {}, &other_);
  options.tls.certificate = ours.certificate;
  options.tls.key = ours.key;
  ExpectPart(Refusal(options), "does not accept our certificate");
}

TEST_F(Tls, ASegmentLinkSaysItToo) {
  const auto server = StartWith(good_);
  rpc::SegmentLinkOptions options;
  options.address = server->address();
  options.tls.authority = other_.certificate;
  options.frame_size = {64, 48};
  rpc::SegmentLink link(options);
  try {
    link.WaitForWelcome(kPatience);
    ADD_FAILURE() << "welcomed";
  } catch (const Error& error) {
    ExpectPart(error.what(), "was issued by Authority");
  }
}

TEST_F(Tls, TheServersLogSaysWhoWasRefused) {
  const auto log = std::make_shared<Log>();
  rpc::ReportRefusedHandshakes([log](const std::string& line) { log->Add(line); });
  const auto server = StartWith(good_, authority_.certificate);
  Refusal(FastLinkOptions(server->address()));
  EXPECT_TRUE(log->WaitFor("does not speak TLS"));
  Refusal(Trusting(server->address(), authority_.certificate));
  EXPECT_TRUE(log->WaitFor("showed no certificate"));
  rpc::ReportRefusedHandshakes({});
}

}  // namespace
}  // namespace shadowtutor::tests
