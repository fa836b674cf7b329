// Answers in parts: what a conversation sends after a key frame's answer, and what ends it.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/testing/fakes.h"
#include "server/testing/tutor_fixture.h"

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;

class PartsTest : public TutorConversationTest {
 protected:
  // The answer has 2 steps, the parts have up to 2 each, and there are 6 steps in all.
  PartsTest() {
    distill::Policy& policy = resources_->session.policy;
    policy.trainer.threshold = 1;
    policy.trainer.max_updates = 4;
    policy.trainer.averaging = 0.5;
    policy.part_updates = 2;
    policy.idle_updates = 2;
  }
  // After the answer, the server could train for very long.
  void HaveLongParts() {
    resources_->session.policy.trainer.max_updates = 2;
    resources_->session.policy.part_updates = 1000;
    resources_->session.policy.idle_updates = 10'000;
  }
  static wire::Hello HelloOfParts() {
    wire::Hello hello;
    hello.takes_parts = true;
    return hello;
  }
  wire::Welcome HelloWithParts() {
    Say(HelloOfParts());
    return std::get<wire::Welcome>(peer_->Next());
  }
  static wire::KeyFrame LargeFrame(uint64_t index, uint64_t version) {
    return SquareFrame(index, version, 160, 120);
  }
  // Has a key frame answered, and returns the version of the student when a long part is being
  // trained.
  uint64_t BeginLongPart() {
    HaveLongParts();
    const uint64_t version = HelloWithParts().student_version;
    peer_->TurnSlow(true);
    Say(LargeFrame(0, version));
    const auto answer = std::get<wire::Update>(peer_->Next());
    EXPECT_EQ(answer.steps, 2);
    WaitForTraining();
    peer_->TurnSlow(false);
    resources_->trained = false;
    conversation_->OnAllSent();
    while (!resources_->trained) std::this_thread::yield();
    return answer.new_version;
  }
  // Takes the part that was ended early, if it had a step, and returns the version after it.
  // `next` is the message after it.
  uint64_t TakeShortPart(uint64_t version, wire::ServerMessage& next) {
    next = peer_->Next();
    const auto* part = std::get_if<wire::Update>(&next);
    if (part == nullptr || part->part == 0) return version;
    EXPECT_EQ(part->part, 1);
    EXPECT_EQ(part->frame_index, 0u);
    EXPECT_EQ(part->base_version, version);
    EXPECT_LT(part->steps, 1000);
    version = part->new_version;
    next = peer_->Next();
    return version;
  }
  // Waits until the training jobs that were submitted before have run.
  void WaitForTraining() {
    std::promise<void> done;
    ASSERT_TRUE(resources_->training->SubmitIdle(777, [&] { done.set_value(); }));
    done.get_future().wait();
  }
};

TEST_F(PartsTest, ComeAfterTheAnswer) {
  uint64_t version = HelloWithParts().student_version;
  const uint64_t first = version;
  for (uint64_t index = 0; index < 2; ++index) {
    Say(SquareFrame(index, version));
    for (int part = 0; part < 3; ++part) {
      const auto update = std::get<wire::Update>(peer_->Next());
      EXPECT_EQ(update.frame_index, index);
      EXPECT_EQ(update.part, part);
      EXPECT_EQ(update.steps, 2);
      EXPECT_EQ(update.base_version, version);
      EXPECT_EQ(update.new_version, version + 1);
      version = update.new_version;
    }
  }
  WaitForTraining();
  EXPECT_TRUE(peer_->Silent());
  const ServerStats stats = resources_->stats.Snapshot();
  EXPECT_EQ(stats.key_frames, 2u);
  EXPECT_EQ(stats.distillation_steps, 12u);
  EXPECT_EQ(stats.updates_with_weights, 6u);
  EXPECT_EQ(stats.sessions.at(0).version, first + 6);
  EXPECT_EQ(stats.sessions.at(0).key_frames, 2u);
  EXPECT_EQ(stats.sessions.at(0).distillation_steps, 12u);
}

TEST_F(PartsTest, ThereAreNoneForClientsThatDoNotTakeThem) {
  const uint64_t version = Hello().student_version;
  Say(SquareFrame(0, version));
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).steps, 4);
  WaitForTraining();
  EXPECT_TRUE(peer_->Silent());
}

TEST_F(PartsTest, AreLoggedWithTheirKeyFrameOnly) {
  // Shared with the log, which is written to until the conversation is gone.
  const auto lines = std::make_shared<std::atomic<int>>(0);
  resources_->log = [lines](const std::string& line) {
    *lines += line.find("frame 0:") != std::string::npos;
  };
  Say(HelloOfParts());
  peer_->Next();
  Say(SquareFrame(0, 0));
  for (int part = 0; part < 3; ++part) peer_->Next();
  WaitForTraining();
  EXPECT_EQ(*lines, 1);
}

TEST_F(PartsTest, WaitForTheNetwork) {
  const uint64_t version = HelloWithParts().student_version;
  peer_->TurnSlow(true);
  Say(SquareFrame(0, version));
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).part, 0);
  WaitForTraining();
  EXPECT_TRUE(peer_->Silent());
  peer_->TurnSlow(false);
  conversation_->OnAllSent();
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).part, 1);
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).part, 2);
}

TEST_F(PartsTest, TheNextKeyFrameEndsThem) {
  const uint64_t answered = BeginLongPart();
  Say(LargeFrame(1, answered));  // the part is still on its way to the client
  wire::ServerMessage next;
  const uint64_t version = TakeShortPart(answered, next);
  const auto answer = std::get<wire::Update>(next);
  EXPECT_EQ(answer.frame_index, 1u);
  EXPECT_EQ(answer.part, 0);
  EXPECT_EQ(answer.base_version, version);
  EXPECT_EQ(resources_->stats.Snapshot().students_sent, 1u) << "only in the welcome";
}

TEST_F(PartsTest, AKeyFrameMayHaveAnyVersionSinceTheLastAnswer) {
  HelloWithParts();
  uint64_t version = 0;
  std::vector<uint64_t> versions;
  for (uint64_t index = 0; index < 4; ++index) {
    Say(SquareFrame(index, version));
    versions.clear();
    for (int part = 0; part < 3; ++part) {
      versions.push_back(std::get<wire::Update>(peer_->Next()).new_version);
    }
    version = versions.at(index % 3);
  }
  Say(SquareFrame(9, versions[0] - 1));
  EXPECT_EQ(std::get<wire::WholeStudent>(peer_->Next()).version, versions[2]);
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).base_version, versions[2]);
}

TEST_F(PartsTest, AStudentRequestIsAnsweredAfterThePart) {
  uint64_t version = BeginLongPart();
  Say(wire::StudentRequest{"the checksum differs"});
  wire::ServerMessage next;
  version = TakeShortPart(version, next);
  EXPECT_EQ(std::get<wire::WholeStudent>(next).version, version);
  // Training goes on afterwards, until the next key frame.
  Say(LargeFrame(1, version));
  next = peer_->Next();
  if (std::get<wire::Update>(next).part > 0) next = peer_->Next();
  EXPECT_EQ(std::get<wire::Update>(next).frame_index, 1u);
  EXPECT_EQ(resources_->stats.Snapshot().students_sent, 2u);
}

TEST_F(PartsTest, AWrongVersionGetsTheWholeStudentBetweenThePartAndTheAnswer) {
  uint64_t version = BeginLongPart();
  Say(LargeFrame(1, 1000));
  wire::ServerMessage next;
  version = TakeShortPart(version, next);
  EXPECT_EQ(std::get<wire::WholeStudent>(next).version, version);
  const auto answer = std::get<wire::Update>(peer_->Next());
  EXPECT_EQ(answer.base_version, version);
  EXPECT_EQ(answer.part, 0);
}

TEST_F(PartsTest, ClosingEndsThemAndFreesTheSession) {
  BeginLongPart();
  conversation_->OnClosed();
  std::weak_ptr<TutorConversation> watched = conversation_;
  conversation_.reset();
  while (!watched.expired()) std::this_thread::yield();
  EXPECT_EQ(resources_->stats.Snapshot().sessions.size(), 0u);
  EXPECT_TRUE(peer_->Silent());
}

TEST_F(PartsTest, AnEndByTheServerFreesTheSessionAfterThePart) {
  BeginLongPart();
  Say(wire::Hello{});  // a second one ends the stream
  EXPECT_TRUE(peer_->ended());
  while (!resources_->stats.Snapshot().sessions.empty()) std::this_thread::yield();
}

TEST_F(PartsTest, ATeacherThatHangsMeanwhileLeavesTheSessionToThePart) {
  const uint64_t answered = BeginLongPart();
  HeldTeacher held(*teacher_);
  Say(LargeFrame(1, answered));
  held.WaitUntilEntered();
  Say(wire::StudentRequest{"meanwhile"});
  conversation_->OnTick(Clock::now() + resources_->teacher_timeout + 1ms);
  bool whole = false, failed = false;
  uint64_t version = answered;
  while (!whole || !failed) {
    const wire::ServerMessage next = peer_->Next();
    if (const auto* part = std::get_if<wire::Update>(&next)) {
      version = part->new_version;
    } else if (const auto* student = std::get_if<wire::WholeStudent>(&next)) {
      EXPECT_EQ(student->version, version);
      whole = true;
    } else {
      EXPECT_EQ(std::get<wire::ErrorMessage>(next).frame_index, 1u);
      failed = true;
    }
  }
  held.Open();
}

TEST_F(PartsTest, AnotherSessionsKeyFrameComesFirst) {
  BeginLongPart();
  const auto second_peer = std::make_shared<TutorPeer>();
  const auto second = Open(second_peer, 2);
  second->OnMessage(wire::Hello{}, start_);
  second_peer->Next();
  second->OnMessage(SquareFrame(5, 0), start_);
  EXPECT_EQ(std::get<wire::Update>(second_peer->Next()).frame_index, 5u);
  // The part had ended before all of its steps; it is followed by others when that is done.
  const auto part = std::get<wire::Update>(peer_->Next());
  EXPECT_GE(part.part, 1);
  conversation_->OnClosed();
}

TEST_F(PartsTest, TheServersShutdownEndsThem) {
  BeginLongPart();
  resources_->shutting_down = true;
  resources_->training->Shutdown();
  conversation_->OnAllSent();
  EXPECT_FALSE(resources_->training->ForgetIdle(1));
}

TEST_F(PartsTest, NoneFollowsOneThatWasLate) {
  resources_->training_timeout = std::chrono::milliseconds(-1);
  const uint64_t version = HelloWithParts().student_version;
  Say(SquareFrame(0, version));
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).steps, 0);
  WaitForTraining();
  EXPECT_TRUE(peer_->Silent());
}

}  // namespace
}  // namespace shadowtutor::server
