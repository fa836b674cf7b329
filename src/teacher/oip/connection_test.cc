// What becomes of a teacher whose server is away, slow, full, or behind TLS.
#include "teacher/oip/connection.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "rpc/testing/certificates.h"
#include "teacher/oip/testing/oip_test.h"

namespace shadowtutor::teacher::oip::testing {
namespace {

using shadowtutor::testing::ErrorOf;
using shadowtutor::testing::Says;
using shadowtutor::testing::WriteText;

class OipConnectionTest : public OipTest {};

TEST_F(OipConnectionTest, AServerThatIsAwayAtTheStartMayComeLater) {
  server_.Start();
  server_.Stop();  // now there is a port on which nothing listens
  const auto teacher = Open();
  const std::string trouble = teacher->trouble();
  EXPECT_NE(trouble.find("there is no inference server at " + server_.address()), std::string::npos)
      << trouble;
  EXPECT_EQ(teacher->classes().size(), 3u);
  const Error away = LabelError(*teacher);
  EXPECT_EQ(away.code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(Says(away, "there is no inference server at " + server_.address()) &&
              Says(away, "nothing listens on that port"))
      << away.what();
  server_.Start();
  ExpectGreen(*teacher);
  EXPECT_EQ(teacher->trouble(), "");
}

TEST_F(OipConnectionTest, AServerThatGoesAndComesAgain) {
  server_.Start();
  const auto teacher = Open();
  for (int i = 0; i < 3; ++i) {
    server_.Stop();
    EXPECT_EQ(LabelError(*teacher).code(), ErrorCode::kUnavailable);
    server_.Start();
    ExpectGreen(*teacher);
  }
}

TEST_F(OipConnectionTest, AServerThatEndsInTheMiddle) {
  server_.Start();
  const auto teacher = Open("retries: 0");
  const int before = server_.calls();
  server_.infer = [this](const auto& request, auto& response) {
    server_.Hold();
    return InferenceServer::Echo(request, response);
  };
  auto call = std::async(std::launch::async, [&] { return LabelError(*teacher); });
  ASSERT_TRUE(server_.WaitForCalls(before + 1));
  auto stop = std::async(std::launch::async, [&] { server_.Stop(); });
  const Error error = call.get();
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable) << error.what();
  server_.LetGo();
  stop.get();
  server_.infer = InferenceServer::Echo;
  server_.Start();
  ExpectGreen(*teacher);
}

TEST_F(OipConnectionTest, ItIsAskedAgainWhileItIsUnavailable) {
  server_.Start();
  const auto teacher = Open("retries: 2");
  std::atomic<int> refusals{2};
  server_.infer = [&](const auto& request, auto& response) {
    if (refusals-- > 0) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the queue is full");
    return InferenceServer::Echo(request, response);
  };
  int before = server_.calls();
  ExpectGreen(*teacher);
  EXPECT_EQ(server_.calls(), before + 3);

  refusals = 3;
  before = server_.calls();
  const Error error = LabelError(*teacher);
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(Says(error, "cannot run the model colors now (the queue is full)")) << error.what();
  EXPECT_EQ(server_.calls(), before + 3);
}

TEST_F(OipConnectionTest, OtherErrorsAreNotTriedAgain) {
  server_.Start();
  const auto teacher = Open("retries: 5");
  server_.infer = [](const auto&, auto&) {
    return grpc::Status(grpc::StatusCode::INTERNAL, "out of order");
  };
  const int before = server_.calls();
  EXPECT_EQ(LabelError(*teacher).code(), ErrorCode::kInternal);
  EXPECT_EQ(server_.calls(), before + 1);
}

TEST_F(OipConnectionTest, ACallHasADeadline) {
  server_.Start();
  const auto teacher = Open("deadline: 0.2");
  server_.infer = [this](const auto& request, auto& response) {
    server_.Hold();
    return InferenceServer::Echo(request, response);
  };
  const Error error = LabelError(*teacher);
  EXPECT_EQ(error.code(), ErrorCode::kDeadlineExceeded);
  EXPECT_TRUE(Says(error, "did not answer within 0.2 s") && Says(error, "`server.deadline`"))
      << error.what();
  server_.LetGo();
  server_.infer = InferenceServer::Echo;
  ExpectGreen(*teacher);
}

TEST_F(OipConnectionTest, ACallCanBeInterrupted) {
  server_.Start();
  const auto teacher = Open("deadline: 60");
  teacher->Interrupt();  // nothing is under way
  ExpectGreen(*teacher);
  server_.infer = [this](const auto& request, auto& response) {
    server_.Hold();
    return InferenceServer::Echo(request, response);
  };
  const int before = server_.calls();
  auto call = std::async(std::launch::async, [&] { return LabelError(*teacher); });
  ASSERT_TRUE(server_.WaitForCalls(before + 1));
  teacher->Interrupt();
  EXPECT_EQ(call.get().code(), ErrorCode::kCancelled);
  server_.LetGo();
  ExpectGreen(*teacher);
}

TEST_F(OipConnectionTest, ARequestThatIsTooLargeForTheServer) {
  server_.max_request_bytes = 1000;
  server_.Start();
  const Error error = OpenError();
  EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
  EXPECT_TRUE(Says(error, "raise its limit")) << error.what();
}

TEST_F(OipConnectionTest, TlsAndAToken) {
  const auto authority =
      rpc::testing::MakeCertificate(folder_.path(), "ca", {.name = "fleet", .authority = true});
  const auto own = rpc::testing::MakeCertificate(folder_.path(), "server", {}, &authority);
  server_.certificate = own.certificate;
  server_.key = own.key;
  server_.Start();
  WriteText(folder_ / "token", "first.token\n");
  const auto teacher = Open("tls: {ca: ca.pem}, token_file: token");
  ExpectGreen(*teacher);
  EXPECT_EQ(server_.last_authorization(), "Bearer first.token");
  WriteText(folder_ / "token", "second.token");
  ExpectGreen(*teacher);
  EXPECT_EQ(server_.last_authorization(), "Bearer second.token");
  WriteText(folder_ / "token", "two words");
  const Error words = LabelError(*teacher);
  EXPECT_TRUE(Says(words, "must hold a token alone") && !Says(words, "two words")) << words.what();

  // Each of these could be put right at the server, so the teacher opens.
  const auto away = [&](const std::string& more, const std::string& part) {
    const Error error = LabelError(*Open(more));
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_TRUE(Says(error, part) && Says(error, "`server.tls`")) << error.what();
  };
  away("tls: true", "none of this system's authorities");
  away("retries: 0", "speaks TLS");
}

TEST_F(OipConnectionTest, WhatIsWrongWithTheCardIsSaidAtOnce) {
  const auto refusal = [&](const std::string& server) {
    WriteText(folder_ / "card.yaml", "kind: saliency\nserver: {model: m, " + server +
                                         "}\ninput: {width: 16, height: 8}\n");
    const Error error = ErrorOf([&] { OpenTeacher(folder_ / "card.yaml"); });
    return std::string(error.what());
  };
  const auto says = [&](const std::string& server, const std::string& part) {
    const std::string sentence = refusal(server);
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
    EXPECT_NE(sentence.find("card.yaml"), std::string::npos) << sentence;
  };
  says("address: 192.0.2.7", "`server.address`");
  says("address: \"http://192.0.2.7:8001\"", "`server.address`");
  says("address: \"192.0.2.7:8001\"",
       "`server.tls`: frames would travel to 192.0.2.7:8001 in plain");
  WriteText(folder_ / "token", "x");
  says("address: \"192.0.2.7:8001\", token_file: token", "insecure: true");
  says("address: \"192.0.2.7:8001\", tls: {ca: none.pem}", "none.pem");
  EXPECT_NE(refusal("address: \"127.0.0.1:9\", token_file: none").find("none"), std::string::npos);
}

}  // namespace
}  // namespace shadowtutor::teacher::oip::testing
