#include "server/log_line.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "server/resources.h"

namespace shadowtutor::server {
namespace {

class LogLineTest : public ::testing::Test {
 protected:
  LogLineTest() {
    resources_.log = [this](const LogLine& line) { lines_.push_back(line); };
  }
  Resources resources_;
  std::vector<LogLine> lines_;
};

TEST_F(LogLineTest, WhatIsLessPressingIsLeftOut) {
  resources_.log_level = LogLevel::kWarning;
  resources_.Log(LogLevel::kInfo, "info");
  resources_.Log("client", LogLine{LogLevel::kDebug, "debug"});
  resources_.Log("client", LogLine{LogLevel::kWarning, "warning"});
  resources_.Log(LogLevel::kError, "error");
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(lines_[0].text, "warning");
  EXPECT_EQ(lines_[1].text, "error");
}

TEST_F(LogLineTest, WhatIsLeftOutDoesNotCountAgainstTheRest) {
  for (int i = 0; i < 5000; ++i) resources_.Log("client", LogLine{LogLevel::kDebug, "debug"});
  resources_.Log("client", LogLine{LogLevel::kWarning, "warning"});
  ASSERT_EQ(lines_.size(), 1u);
}

TEST_F(LogLineTest, AllOfALineIsOneLineAndShort) {
  const std::string hostile = "a\nb\x1b[2J" + std::string(5000, 'x');
  resources_.Log({.text = hostile, .session = hostile, .client = hostile, .sentence = hostile});
  for (const std::string& text :
       {lines_.at(0).text, lines_[0].session, lines_[0].client, lines_[0].sentence}) {
    EXPECT_TRUE(text.starts_with("a\\nb\\x1b[2J")) << text;
    EXPECT_LE(text.size(), wire::kMaxLogLineBytes);
  }
}

TEST_F(LogLineTest, ALogOfTextGetsTheText) {
  std::string got;
  resources_.log = [&](const std::string& line) { got = line; };
  resources_.Log("1.2.3.4", RefusedLine("1.2.3.4", Error(ErrorCode::kUnavailable, "no")));
  EXPECT_EQ(got, "a session from 1.2.3.4 was refused: UNAVAILABLE: no");
  const std::function<void(const std::string&)> none;
  resources_.log = none;
  EXPECT_FALSE(resources_.log);
}

TEST(LogLevel, OfDefectsIsError) {
  EXPECT_EQ(LevelOf(ErrorCode::kInternal), LogLevel::kError);
  EXPECT_EQ(LevelOf(ErrorCode::kUnauthenticated), LogLevel::kWarning);
}

}  // namespace
}  // namespace shadowtutor::server
