// What happens when one side dies.
#include <gtest/gtest.h>

#include <future>

#include "loopback.h"

namespace shadowtutor::tests {
namespace {

bool Applied(const client::FrameReport& report) { return report.update_applied; }

TEST(Reconnection, AKilledServerIsSurvivedAndTheNextOneGoesOnFromWhatTheClientHolds) {
  ChildProcess first("server", "127.0.0.1:0");
  const std::string address = first.ReadLine();
  ASSERT_NE(address, "");
  Log log;
  auto options = FastLinkOptions(address);
  options.log = log.Sink();
  Tutored tutored = Connect(options);
  ASSERT_TRUE(tutored.ProcessUntil([&](const auto&) { return tutored.client->version() >= 2; }));

  first.Kill();
  ASSERT_TRUE(log.WaitFor("lost the connection"));
  tutored.Process();  // the client learns of the loss
  const uint64_t version = tutored.client->version();
  const std::vector<float> weights = tutored.client->student().weights;
  EXPECT_FALSE(tutored.link->Connected());
  for (int i = 0; i < 40; ++i) {
    const client::FrameReport report = tutored.Process();
    EXPECT_FALSE(report.key_frame);
    EXPECT_FALSE(report.update_applied);
    EXPECT_EQ(report.waited_ms, 0);
  }

  auto server_options = FastServerOptions();
  server_options.listen = address;
  const auto second = StartServer(server_options);
  ASSERT_TRUE(tutored.ProcessUntil([](const auto& report) { return report.key_frame; }));
  EXPECT_EQ(tutored.link->welcome()->student_version, version);
  EXPECT_TRUE(tutored.client->student().weights == weights) << "nothing learned is lost";
  ASSERT_TRUE(tutored.ProcessUntil(Applied));
  const server::ServerStats stats = second->stats();
  EXPECT_TRUE(stats.sessions.at(0).adopted);
  EXPECT_EQ(stats.students_sent, 0u);
  EXPECT_EQ(tutored.link->stats().sessions, 2u);
}

TEST(Reconnection, AServerWithAnotherFrozenPartSendsItsStudent) {
  const std::string address = FreeAddress();
  auto server_options = FastServerOptions();
  server_options.listen = address;
  auto first = StartServer(server_options, 1);
  Tutored tutored = Connect(FastLinkOptions(address));
  ASSERT_TRUE(tutored.ProcessUntil(Applied));
  first.reset();

  const auto second = StartServer(server_options, 2);
  ASSERT_TRUE(tutored.ProcessUntil([&](const auto&) {
    return tutored.client->student().weights.front() == server::SmallStudent(2).weights.front();
  }));
  ASSERT_TRUE(tutored.ProcessUntil(Applied));
  EXPECT_FALSE(second->stats().sessions.at(0).adopted);
}

TEST(Reconnection, AServerThatShutsDownIsLikeOneThatDied) {
  auto first = StartServer();
  const std::string address = first->address();
  Tutored tutored = Connect(FastLinkOptions(address), client::Staleness::kGoOn);
  ASSERT_TRUE(tutored.ProcessUntil(Applied));
  first->Shutdown(std::chrono::milliseconds(100));
  first.reset();
  ASSERT_TRUE(tutored.ProcessUntil([&](const auto&) { return !tutored.link->Connected(); }));
  auto server_options = FastServerOptions();
  server_options.listen = address;
  const auto second = StartServer(server_options);
  ASSERT_TRUE(tutored.ProcessUntil(Applied));
}

// No second server is there yet when the first one drains, so that the client also meets a closed
// door on its way.
TEST(Reconnection, AServerThatDrainsHandsItsClientOn) {
  auto first = StartServer();
  const std::string address = first->address();
  Log log;
  auto options = FastLinkOptions(address);
  options.log = log.Sink();
  Tutored tutored = Connect(options, client::Staleness::kGoOn);
  for (int round = 1; round <= 3; ++round) {
    ASSERT_TRUE(tutored.ProcessUntil(Applied));
    const uint64_t version = tutored.client->version();
    auto drained = std::async(std::launch::async, [&] { return first->Drain(kPatience); });
    ASSERT_TRUE(tutored.ProcessUntil([&](const auto&) { return !tutored.link->Connected(); }));
    EXPECT_TRUE(drained.get());
    EXPECT_GE(tutored.client->version(), version);
    first.reset();
    auto server_options = FastServerOptions();
    server_options.listen = address;
    first = StartServer(server_options);
    ASSERT_TRUE(tutored.ProcessUntil([&](const auto&) { return tutored.link->Connected(); }));
    EXPECT_EQ(tutored.link->stats().moves, static_cast<uint64_t>(round));
    EXPECT_EQ(first->stats().students_sent, 0u) << "the client has handed over its own";
  }
  ASSERT_TRUE(tutored.ProcessUntil(Applied));
  EXPECT_TRUE(log.WaitFor("is about to end"));
}

TEST(Reconnection, OldSessionsBeginAnewWithoutThePauseOfALoss) {
  auto server_options = FastServerOptions();
  server_options.session_max_age = std::chrono::milliseconds(1);
  const auto server = StartServer(server_options);
  auto options = FastLinkOptions(server->address());
  options.reconnect_first = options.reconnect_most = 10 * kPatience;  // it must not be waited for
  Tutored tutored = Connect(options, client::Staleness::kGoOn);
  ASSERT_TRUE(
      tutored.ProcessUntil([&](const auto&) { return tutored.link->stats().sessions >= 4; }));
  EXPECT_GE(tutored.link->stats().moves, 3u);
}

TEST(Reconnection, AKilledClientLeavesNoSessionBehind) {
  Log log;
  auto server_options = FastServerOptions();
  server_options.log = log.Sink();
  const auto server = StartServer(server_options);
  ChildProcess child("client", server->address());
  ASSERT_EQ(child.ReadLine(), "ready");
  ASSERT_EQ(server->stats().sessions.size(), 1u);
  const std::string id = server->stats().sessions.at(0).id;
  child.Kill();
  EXPECT_TRUE(log.WaitFor("session " + id + " ended"));
  EXPECT_EQ(server->stats().sessions.size(), 0u);
}

TEST(Reconnection, AMessageOverTheServersLimitDoesNotStopThePrediction) {
  auto server_options = FastServerOptions();
  server_options.max_message_bytes = 200'000;  // enough for its student, not for the frames below
  const auto server = StartServer(server_options);
  Log log;
  auto options = FastLinkOptions(server->address());
  options.log = log.Sink();
  Tutored tutored = Connect(options);
  // The server ends the session after the first key frame, and the client connects again.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  int key_frames = 0;
  while (key_frames < 2 && std::chrono::steady_clock::now() < deadline) {
    const client::FrameReport report = tutored.Process(320, 240);
    key_frames += report.key_frame;
    EXPECT_FALSE(report.update_applied);
  }
  EXPECT_EQ(key_frames, 2);
  EXPECT_TRUE(log.WaitFor("lost the connection"));
}

}  // namespace
}  // namespace shadowtutor::tests
