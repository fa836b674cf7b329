// Conversations whose key frames are trained on side by side.
#include <gtest/gtest.h>

#include <cstdint>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "server/testing/conversation_fixture.h"
#include "server/testing/tutor_fixture.h"
#include "server/tutor_conversation.h"

namespace shadowtutor::server {
namespace {

constexpr uint64_t kSessions = 4, kKeyFrames = 3;

struct Client {
  Client(const std::shared_ptr<Resources>& resources, uint64_t number)
      : number(number),
        conversation(std::make_shared<TutorConversation>(resources, peer, number, "s",
                                                         TutorConversation::Clock::now())) {
    conversation->OnMessage(wire::Hello{}, TutorConversation::Clock::now());
    version = std::get<wire::Welcome>(peer->Next()).student_version;
  }
  void Say(uint64_t index) {
    // Each has its own picture.
    conversation->OnMessage(SquareFrame(index, version, 64 + 8 * static_cast<int>(number)),
                            TutorConversation::Clock::now());
  }
  uint64_t Checksum() {
    const auto update = std::get<wire::Update>(peer->Next());
    version = update.new_version;
    return update.checksum;
  }

  const uint64_t number;
  const std::shared_ptr<TutorPeer> peer = std::make_shared<TutorPeer>();
  const std::shared_ptr<TutorConversation> conversation;
  uint64_t version = 0;
};

// The checksums of all students after each of their key frames, where so many are trained at once.
std::vector<uint64_t> Train(int trainers) {
  SmallServer server;
  server.resources->training = std::make_unique<Scheduler>(trainers, 8);
  std::vector<std::unique_ptr<Client>> clients;
  for (uint64_t number = 1; number <= kSessions; ++number) {
    clients.push_back(std::make_unique<Client>(server.resources, number));
  }
  std::vector<uint64_t> checksums;
  for (uint64_t index = 0; index < kKeyFrames; ++index) {
    for (const auto& client : clients) client->Say(index);
    for (const auto& client : clients) checksums.push_back(client->Checksum());
  }
  EXPECT_GT(server.resources->stats.Snapshot().distillation_steps, kSessions);
  for (const auto& client : clients) client->conversation->OnClosed();
  return checksums;
}

TEST(SideBySide, StudentsLearnTheSame) {
  const std::vector<uint64_t> alone = Train(1);
  EXPECT_EQ(Train(2), alone);
  EXPECT_EQ(Train(4), alone);
}

class PartsSideBySideTest : public TutorConversationTest {
 protected:
  PartsSideBySideTest() {
    resources_->training = std::make_unique<Scheduler>(2, 8);
    resources_->session.policy = distill::FindPolicy("balanced");
    resources_->session.policy.trainer.max_updates = 2;
    resources_->session.policy.part_updates = 1000;
    resources_->session.policy.idle_updates = 10'000;
  }
  // Has a key frame answered, and returns the student's version when a long part is being trained.
  uint64_t BeginLongPart() {
    wire::Hello hello;
    hello.takes_parts = true;
    Say(hello);
    const uint64_t first = std::get<wire::Welcome>(peer_->Next()).student_version;
    peer_->TurnSlow(true);
    Say(SquareFrame(0, first, 160, 120));
    const uint64_t version = std::get<wire::Update>(peer_->Next()).new_version;
    // When an idle job runs, the key frame's has ended.
    std::promise<void> done;
    EXPECT_TRUE(resources_->training->SubmitIdle(777, [&] { done.set_value(); }));
    done.get_future().wait();
    peer_->TurnSlow(false);
    resources_->trained = false;
    conversation_->OnAllSent();
    while (!resources_->trained) std::this_thread::yield();
    return version;
  }
};

// There is a thread for the key frame, but the student is in use.
TEST_F(PartsSideBySideTest, TheNextKeyFrameOfTheSessionWaitsForThePart) {
  uint64_t version = BeginLongPart();
  Say(SquareFrame(1, version, 160, 120));
  wire::Update update = std::get<wire::Update>(peer_->Next());
  if (update.part > 0) {
    EXPECT_EQ(update.base_version, version);
    EXPECT_LT(update.steps, 1000);
    version = update.new_version;
    update = std::get<wire::Update>(peer_->Next());
  }
  EXPECT_EQ(update.part, 0);
  EXPECT_EQ(update.frame_index, 1u);
  EXPECT_EQ(update.base_version, version);
  conversation_->OnClosed();
}

}  // namespace
}  // namespace shadowtutor::server
