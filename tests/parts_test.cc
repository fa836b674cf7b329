// Answers in parts over real connections: client and server end with the same student, bit for bit,
// whatever comes in between.
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "loopback.h"

namespace shadowtutor::tests {
namespace {

rpc::ServerOptions OptionsWithParts() {
  rpc::ServerOptions options = FastServerOptions();
  options.policy.trainer.threshold = 1;
  options.policy.trainer.max_updates = 6;
  options.policy.trainer.averaging = 0.5;
  options.policy.schedule.stride.min_stride = 32;
  options.policy.schedule.stride.max_stride = 32;
  options.policy.part_updates = 2;
  options.policy.idle_updates = 4;
  return options;
}

TEST(Parts, TheClientEndsWithTheServersStudent) {
  for (const auto codec : {wire::UpdateCodec::kFp32, wire::UpdateCodec::kFp16}) {
    const auto server = StartServer(OptionsWithParts());
    auto options = FastLinkOptions(server->address());
    options.update_codec = codec;
    Tutored tutored = Connect(options, client::Staleness::kGoOn);
    EXPECT_TRUE(tutored.Process().key_frame);
    // An answer of 2 steps, and 4 parts.
    ASSERT_TRUE(WaitUntil([&] { return tutored.link->stats().updates == 5; }));
    size_t parts = 0;
    int steps = 0;
    ASSERT_TRUE(tutored.ProcessUntil([&](const client::FrameReport& report) {
      EXPECT_FALSE(report.key_frame);
      if (report.update) steps += report.update->steps;
      for (const wire::Update& part : report.parts) {
        EXPECT_EQ(part.part, static_cast<int>(++parts));
        steps += part.steps;
      }
      return parts == 4;
    }));
    EXPECT_EQ(steps, 10);
    const server::ServerStats stats = server->stats();
    EXPECT_EQ(stats.distillation_steps, 10u);
    EXPECT_EQ(stats.key_frames, 1u);
    EXPECT_EQ(stats.sessions.at(0).version, tutored.client->version());

    const uint64_t first_student = tutored.link->stats().bytes_students;
    EXPECT_GT(first_student, 0u);
    tutored.link->RequestStudent("to compare");
    std::shared_ptr<const nn::Checkpoint> whole;
    ASSERT_TRUE(WaitUntil([&] {
      if (const auto student = tutored.link->TakeStudent()) whole = student->student;
      return whole != nullptr;
    }));
    EXPECT_GT(tutored.link->stats().bytes_students, first_student);
    EXPECT_TRUE(whole->weights == tutored.client->student().weights);
    EXPECT_FALSE(whole->weights == server::SmallStudent(1).weights);
  }
}

// Key frames come in the middle of parts, with a client that waits and one that does not, and two
// sessions share the server. (A key frame has at most 7 further parts: while one client waits, the
// other takes none, and more than 8 that wait would cost it a whole student.)
TEST(Parts, KeyFramesInTheMiddleCostNoWholeStudent) {
  auto server_options = OptionsWithParts();
  server_options.policy.schedule.stride.min_stride = 4;
  server_options.policy.schedule.stride.max_stride = 8;
  // So few that an answer, its parts and those of the key frame before have room in the client,
  // which otherwise drops some and asks for the whole student (wire::kMostWaitingUpdates).
  server_options.policy.idle_updates = 2;
  const auto server = StartServer(server_options);
  Tutored waits = Connect(FastLinkOptions(server->address()), client::Staleness::kWait);
  Tutored goes_on = Connect(FastLinkOptions(server->address()), client::Staleness::kGoOn);
  int answers = 0, parts = 0;
  ASSERT_TRUE(waits.ProcessUntil([&](const client::FrameReport& report) {
    answers += report.update.has_value();
    parts += static_cast<int>(report.parts.size());
    goes_on.Process();
    return answers >= 20 && parts >= 5;
  }));
  EXPECT_EQ(server->stats().students_sent, 2u) << "in the welcomes";
  EXPECT_EQ(server->stats().key_frames_failed, 0u);
  EXPECT_EQ(waits.link->stats().sessions, 1u);
  EXPECT_EQ(goes_on.link->stats().sessions, 1u);
}

TEST(Parts, AClientThatGoesInTheMiddleLeavesNothingBehind) {
  auto server_options = OptionsWithParts();
  server_options.policy.idle_updates = 10'000;
  const auto server = StartServer(server_options);
  {
    Tutored tutored = Connect(FastLinkOptions(server->address()));
    ASSERT_TRUE(tutored.ProcessUntil([](const auto& report) { return !report.parts.empty(); }));
  }
  EXPECT_TRUE(WaitUntil([&] { return server->stats().sessions.empty(); }));
}

// What the client holds in the middle of an answer is what a new session goes on from.
TEST(Parts, AServerThatGoesInTheMiddleCostsNothingLearned) {
  const std::string address = FreeAddress();
  auto server_options = OptionsWithParts();
  server_options.listen = address;
  server_options.policy.idle_updates = 10'000;
  auto first = StartServer(server_options);
  Tutored tutored = Connect(FastLinkOptions(address), client::Staleness::kGoOn);
  ASSERT_TRUE(tutored.ProcessUntil([](const auto& report) { return !report.parts.empty(); }));
  first.reset();
  ASSERT_TRUE(tutored.ProcessUntil([&](const auto&) { return !tutored.link->Connected(); }));
  const auto second = StartServer(server_options);
  ASSERT_TRUE(tutored.ProcessUntil([](const auto& report) { return !report.parts.empty(); }));
  EXPECT_TRUE(second->stats().sessions.at(0).adopted);
  EXPECT_EQ(second->stats().students_sent, 0u);
}

}  // namespace
}  // namespace shadowtutor::tests
