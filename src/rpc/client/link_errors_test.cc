#include "rpc/client/link_errors.h"

#include <gtest/gtest.h>

namespace shadowtutor::rpc {
namespace {

Error Explained(ErrorCode code, const std::string& message, LinkStage stage) {
  Endpoint endpoint;
  endpoint.address = "127.0.0.1:1";  // on which nobody listens
  return ExplainLinkError(Error(code, message), endpoint, stage, {});
}

TEST(LinkErrors, NameTheServer) {
  EXPECT_STREQ(Explained(ErrorCode::kUnavailable, "Socket closed", LinkStage::kWelcomed).what(),
               "lost the connection to 127.0.0.1:1 (Socket closed)");
  EXPECT_STREQ(Explained(ErrorCode::kDeadlineExceeded, "late", LinkStage::kGivingUp).what(),
               "the server at 127.0.0.1:1: late");
}

TEST(LinkErrors, SayWhyThereIsNoServer) {
  const std::string message = "failed to connect to all addresses; last error: Connection refused";
  const Error error = Explained(ErrorCode::kUnavailable, message, LinkStage::kConnecting);
  EXPECT_STREQ(error.what(), "there is no server at 127.0.0.1:1 (nothing listens on that port)");
  EXPECT_EQ(Explained(ErrorCode::kUnavailable, message, LinkStage::kGivingUp).about(),
            Setting::kRetry);
}

TEST(LinkErrors, TellOtherServices) {
  for (const char* message : {"Received http2 header with status: 404", "",
                              "unknown service shadowtutor.v1.ShadowTutor"}) {
    const Error error = Explained(ErrorCode::kFailedPrecondition, message, LinkStage::kGivingUp);
    EXPECT_NE(std::string(error.what()).find("no ShadowTutor server"), std::string::npos)
        << message;
    EXPECT_EQ(error.about(), Setting::kServerAddress);
  }
}

TEST(LinkErrors, TellRefusalsFromWhatPasses) {
  for (const ErrorCode code : {ErrorCode::kInvalidArgument, ErrorCode::kFailedPrecondition}) {
    EXPECT_TRUE(IsRefusal(Error(code, "")));
  }
  for (const Setting about : {Setting::kCertificate, Setting::kAuthority}) {
    EXPECT_TRUE(IsRefusal(Error(ErrorCode::kUnavailable, "", about)));
  }
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kDeadlineExceeded,
                               ErrorCode::kResourceExhausted, ErrorCode::kInternal}) {
    EXPECT_FALSE(IsRefusal(Error(code, "", Setting::kServerAddress)));
  }
}

}  // namespace
}  // namespace shadowtutor::rpc
