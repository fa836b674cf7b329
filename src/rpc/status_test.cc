#include "rpc/status.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "wire/limits.h"

namespace shadowtutor::rpc {
namespace {

TEST(Status, EveryErrorCodeSurvives) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    EXPECT_EQ(FromStatusCode(ToStatusCode(static_cast<ErrorCode>(code))),
              static_cast<ErrorCode>(code));
  }
  const grpc::Status status = ToStatus(Error(ErrorCode::kResourceExhausted, "Too many."));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "Too many.");
}

TEST(Status, SentencesAreThoseOfMessages) {
  const auto sentence = [](const std::string& text) {
    return ToStatus(Error(ErrorCode::kInternal, text)).error_message();
  };
  EXPECT_EQ(sentence("cannot read\n/srv/labels/7.png"), "cannot read 7.png");
  EXPECT_EQ(sentence("\xff\xfe"), "??");
  EXPECT_EQ(sentence(std::string(5000, 'x')).size(), wire::kMaxSentenceBytes);
}

TEST(Status, ACallThatIsRefusedSaysWhenToComeAgain) {
  using std::chrono::milliseconds;
  const auto said = [](const char* text) { return RetryAfterIn({{kRetryAfter, text}}); };
  EXPECT_EQ(said("4500"), milliseconds(4500));
  EXPECT_EQ(RetryAfterIn({{"another", "4500"}}), milliseconds(0));
  for (const char* text : {"", "-1", "soon", "5 s", "99999999999"}) {
    EXPECT_EQ(said(text), milliseconds(0)) << text;
  }
}

}  // namespace
}  // namespace shadowtutor::rpc
