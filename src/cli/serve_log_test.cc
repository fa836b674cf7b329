#include "cli/serve_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace shadowtutor::cli {
namespace {

using server::LogLevel;

constexpr std::chrono::system_clock::time_point kNow{std::chrono::milliseconds(1'790'000'000'045)};

TEST(ServeLog, TextIsAStampAndTheLine) {
  EXPECT_EQ(LineText({.text = "session a-1 ended", .session = "a-1", .sentence = "ended"},
                     LogFormat::kText, kNow),
            "2026-09-21T14:13:20Z session a-1 ended");
}

TEST(ServeLog, JsonHasFields) {
  const server::LogLine line = {.level = LogLevel::kWarning,
                                .text = "session a-1 refused: DATA_LOSS: \"no\"",
                                .session = "a-1",
                                .client = "192.0.2.1",
                                .code = ErrorCode::kDataLoss,
                                .sentence = "refused: \"no\""};
  EXPECT_EQ(LineText(line, LogFormat::kJson, kNow),
            R"({"time":"2026-09-21T14:13:20.045Z","level":"warning","message":"refused: \"no\"",)"
            R"("session":"a-1","client":"192.0.2.1","code":"DATA_LOSS"})");
}

TEST(ServeLog, JsonLeavesOutWhatThereIsNot) {
  const auto json = nlohmann::json::parse(LineText({.text = "hello"}, LogFormat::kJson, kNow));
  EXPECT_EQ(json.size(), 3u);
  EXPECT_EQ(json["message"], "hello");
  EXPECT_EQ(json["level"], "info");
}

TEST(ServeLog, JsonIsValidWhateverTheLineHolds) {
  const auto json =
      nlohmann::json::parse(LineText({.text = "\xff\xfe \\n \x01"}, LogFormat::kJson, kNow));
  EXPECT_TRUE(json["message"].is_string());
}

TEST(ServeLog, NamesAreThoseOfLevelsAndFormats) {
  for (const std::string_view name : kLogLevels) EXPECT_EQ(NameOf(ParseLogLevel(name)), name);
  EXPECT_EQ(ParseLogFormat("text"), LogFormat::kText);
  EXPECT_EQ(ParseLogFormat("json"), LogFormat::kJson);
}

}  // namespace
}  // namespace shadowtutor::cli
