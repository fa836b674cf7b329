#include "server/outbox.h"

#include <gtest/gtest.h>

#include <string>

namespace shadowtutor::server {
namespace {

std::string Pack(const Error& why, bool move) {
  return std::string(move ? "move: " : "error: ") + why.what();
}

TEST(Outbox, GivesMessagesInTheirOrder) {
  Outbox<std::string> outbox(Pack);
  EXPECT_TRUE(outbox.empty());
  EXPECT_TRUE(outbox.Add("a"));
  EXPECT_TRUE(outbox.Add("b"));
  EXPECT_EQ(outbox.Take(), "a");
  EXPECT_EQ(outbox.Take(), "b");
  EXPECT_TRUE(outbox.empty());
  EXPECT_FALSE(outbox.ended());
}

TEST(Outbox, EndsOnceWithTheReasonAsTheLastMessage) {
  Outbox<std::string> outbox(Pack);
  outbox.Add("dropped");
  outbox.End(Error(ErrorCode::kUnavailable, "over"));
  outbox.End(Error(ErrorCode::kInternal, "too late"));
  EXPECT_FALSE(outbox.Add("too late"));
  EXPECT_EQ(outbox.Take(), "error: over");
  EXPECT_TRUE(outbox.empty());
  EXPECT_TRUE(outbox.ended());
  EXPECT_EQ(outbox.why()->code(), ErrorCode::kUnavailable);
}

TEST(Outbox, EndsSoThatTheClientConnectsAgain) {
  Outbox<std::string> outbox(Pack);
  EXPECT_FALSE(outbox.move());
  outbox.End(Error(ErrorCode::kUnavailable, "elsewhere"), /*move=*/true);
  EXPECT_EQ(outbox.Take(), "move: elsewhere");
  EXPECT_TRUE(outbox.move());
}

TEST(Outbox, EndsWithoutAWord) {
  Outbox<std::string> outbox(Pack);
  outbox.Add("dropped");
  outbox.End(std::nullopt);
  EXPECT_TRUE(outbox.empty());
  EXPECT_TRUE(outbox.ended());
  EXPECT_FALSE(outbox.why());
}

TEST(Outbox, AClientThatReadsNothingIsSentAway) {
  Outbox<std::string> outbox(Pack);
  for (size_t i = 0; i < wire::kMaxWaitingMessages; ++i) EXPECT_TRUE(outbox.Add("answer"));
  EXPECT_FALSE(outbox.Add("one too many"));
  EXPECT_EQ(outbox.why()->code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(outbox.Take().find("error: too many answers"), 0u);
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, ALostClientGetsNothingMore) {
  Outbox<std::string> outbox(Pack);
  outbox.End(Error(ErrorCode::kUnavailable, "over"));
  outbox.Lose();
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.why()->code(), ErrorCode::kUnavailable);  // the first reason counts
  Outbox<std::string> other(Pack);
  other.Lose();
  EXPECT_EQ(other.why()->code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace shadowtutor::server
