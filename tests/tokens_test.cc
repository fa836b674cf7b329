// Who may come in, and how much of it, over either transport.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "core/atomic_file.h"
#include "protocol_fixture.h"
#include "rpc/server/device_tokens.h"
#include "video/testing/test_files.h"

namespace shadowtutor {
namespace {

constexpr char kToken[] = "q7Rl0z8n/+==abcd";

class TokensTest : public ProtocolTest {
 protected:
  void List(const std::string& text) {
    WriteFileAtomically(folder_ / "tokens", text, false);
    if (!options_.tokens) options_.tokens = std::make_shared<rpc::DeviceTokens>(folder_ / "tokens");
  }
  // What a stream is told at once.
  Ending Refusal(const std::string& token) const {
    const auto client = Connect(token);
    return client->Finish();
  }

  const testing::TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Transports, TokensTest,
                         ::testing::Values(Transport::kGrpc, Transport::kWebSocket),
                         [](const auto& info) {
                           return info.param == Transport::kGrpc ? "Grpc" : "WebSocket";
                         });

TEST_P(TokensTest, OnlyListedDevicesComeIn) {
  List(std::string("camera-1 ") + kToken + "\n");
  Start();
  const Ending none = Refusal("");
  EXPECT_EQ(none.code, ErrorCode::kUnauthenticated);
  EXPECT_NE(none.sentence.find("knows its clients by tokens, and none came"), std::string::npos)
      << none.sentence;
  const Ending wrong = Refusal("another-token-of-16");
  EXPECT_EQ(wrong.code, ErrorCode::kUnauthenticated);
  EXPECT_NE(wrong.sentence.find("does not know this client's token"), std::string::npos);
  const auto client = Connect(kToken);
  client->Greet();
  const server::ServerStats stats = backend_->stats();
  ASSERT_EQ(stats.sessions.size(), 1u);
  EXPECT_EQ(stats.sessions[0].device, "camera-1");
  EXPECT_EQ(stats.refused_by_reason[static_cast<size_t>(server::RefusalReason::kUnauthenticated)],
            2u);
  client->WritesDone();
  EXPECT_TRUE(client->Finish().ok);
}

TEST_P(TokensTest, ADeviceHasItsNumberOfSessions) {
  List(std::string("camera-1 ") + kToken + " sessions=1\n");
  Start();
  const auto client = Connect(kToken);
  client->Greet();
  const Ending full = Refusal(kToken);
  EXPECT_EQ(full.code, ErrorCode::kResourceExhausted);
  EXPECT_NE(full.sentence.find("the device \"camera-1\" has its full number of sessions (1)"),
            std::string::npos)
      << full.sentence;
}

TEST_P(TokensTest, AKeyFrameOverTheLimitGetsAnErrorAndTheSessionGoesOn) {
  List(std::string("camera-1 ") + kToken + " key-frames=0.1\n");
  Start();
  const auto client = Connect(kToken);
  client->Greet();
  client->Say(server::SquareFrame(0, 0));
  const auto update = std::get<wire::Update>(client->Hear());
  client->Say(server::SquareFrame(8, update.new_version));
  const auto error = std::get<wire::ErrorMessage>(client->Hear());
  EXPECT_EQ(error.code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(error.frame_index, 8u);
  EXPECT_FALSE(error.fatal);
  EXPECT_NE(error.sentence.find("may have 0.1 frames a second labelled"), std::string::npos);
  List(std::string("camera-1 ") + kToken + "\n");
  options_.tokens->Reload();
  client->Say(server::SquareFrame(16, update.new_version));
  EXPECT_EQ(std::get<wire::Update>(client->Hear()).frame_index, 16u) << "other limits hold at once";
  client->WritesDone();
  EXPECT_TRUE(client->Finish().ok);
}

TEST_P(TokensTest, WhoIsTakenOffTheListLosesItsSessions) {
  List(std::string("camera-1 ") + kToken + "\ncamera-2 another-token-of-16\n");
  Start();
  const auto gone = Connect(kToken), stays = Connect("another-token-of-16");
  gone->Greet();
  stays->Greet();
  List("camera-2 another-token-of-16\n");
  options_.tokens->Reload();
  const Ending ending = gone->Finish();
  EXPECT_EQ(ending.code, ErrorCode::kUnauthenticated);
  EXPECT_NE(ending.sentence.find("\"camera-1\" is not valid any more"), std::string::npos)
      << ending.sentence;
  stays->Say(server::SquareFrame(0, 0));
  EXPECT_EQ(std::get<wire::Update>(stays->Hear()).frame_index, 0u);
}

}  // namespace
}  // namespace shadowtutor
