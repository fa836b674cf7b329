// Sessions that end so that their clients connect again at once: because the server drains, or
// because of their age.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>

#include "server/segment_conversation.h"
#include "server/testing/tutor_fixture.h"
#include "wire/limits.h"

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

const Error kElsewhere(ErrorCode::kUnavailable, "elsewhere");

class MovingTest : public TutorConversationTest {
 protected:
  void Move() { conversation_->Move(kElsewhere, Clock::now()); }
  void Later(Clock::duration time) { conversation_->OnTick(Clock::now() + time); }
};

TEST_F(MovingTest, AQuietSessionMovesAtOnce) {
  Hello();
  Move();
  EXPECT_TRUE(peer_->move());
  EXPECT_EQ(peer_->why(), ErrorCode::kUnavailable);
  const ServerStats stats = resources_->stats.Snapshot();
  EXPECT_TRUE(stats.sessions.empty()) << "its student is freed";
  EXPECT_TRUE(stats.sessions_failed.empty()) << "nothing has failed";
  EXPECT_EQ(stats.sessions_moved, 1u);
}

TEST_F(MovingTest, SoDoesAStreamWithoutASession) {
  Move();
  EXPECT_TRUE(peer_->move());
  EXPECT_EQ(resources_->stats.Snapshot().sessions_moved, 0u) << "there was no session";
}

TEST_F(MovingTest, WhatIsOutstandingIsAnsweredAndHasTimeToArrive) {
  const uint64_t version = Hello().student_version;
  HeldTeacher held(*teacher_);
  Say(SquareFrame(0, version));
  held.WaitUntilEntered();
  Move();
  Later(2 * wire::kMoveGrace);
  EXPECT_FALSE(peer_->ended()) << "a key frame is outstanding";
  held.Open();
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).frame_index, 0u);
  Later(0s);
  EXPECT_FALSE(peer_->ended()) << "the client may not have taken the answer yet";
  Later(wire::kMoveGrace);
  EXPECT_TRUE(peer_->move());
}

TEST_F(MovingTest, WhoSaysSomethingMoreHasTakenTheAnswer) {
  const uint64_t version = Hello().student_version;
  HeldTeacher held(*teacher_);
  Say(SquareFrame(0, version));
  held.WaitUntilEntered();
  Move();
  held.Open();
  const uint64_t next = std::get<wire::Update>(peer_->Next()).new_version;
  Later(0s);
  ASSERT_FALSE(peer_->ended());
  Say(SquareFrame(8, next));
  EXPECT_TRUE(peer_->move());
  EXPECT_TRUE(peer_->Silent()) << "the next server answers it";
}

TEST_F(MovingTest, WhatWaitsForTheNetworkIsNotDropped) {
  Hello();
  peer_->TurnSlow(true);
  Move();
  Later(60s);
  EXPECT_FALSE(peer_->ended());
  peer_->TurnSlow(false);
  Later(60s);
  EXPECT_TRUE(peer_->move());
}

TEST_F(MovingTest, NoPartsBeginAnyMore) {
  distill::Policy& policy = resources_->session.policy;
  policy.trainer.threshold = 1;
  policy.trainer.max_updates = 2;
  policy.trainer.averaging = 0.5;
  policy.part_updates = 2;
  policy.idle_updates = 10'000;
  wire::Hello hello;
  hello.takes_parts = true;
  Say(hello);
  const uint64_t version = std::get<wire::Welcome>(peer_->Next()).student_version;
  Say(SquareFrame(0, version));
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).part, 0);
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).part, 1);
  Move();
  // The part that runs ends after its step, and is sent.
  const auto deadline = Clock::now() + 60s;
  while (!peer_->ended() && Clock::now() < deadline) Later(2 * wire::kMoveGrace);
  EXPECT_TRUE(peer_->move());
  while (!peer_->Silent()) EXPECT_GT(std::get<wire::Update>(peer_->Next()).part, 0);
}

TEST_F(MovingTest, OldSessionsMoveAndNotAllAtTheSameTime) {
  resources_->session_max_age = 100s;
  int before_100 = 0;
  for (uint64_t number = 2; number < 66; ++number) {
    const auto peer = std::make_shared<TutorPeer>();
    const auto conversation = Open(peer, number);
    conversation->OnMessage(wire::Hello{}, start_);
    conversation->OnTick(start_ + 89s);
    ASSERT_FALSE(peer->ended());
    conversation->OnTick(start_ + 100s);
    before_100 += peer->ended();
    conversation->OnTick(start_ + 111s);
    ASSERT_TRUE(peer->move());
  }
  EXPECT_GT(before_100, 0);
  EXPECT_LT(before_100, 64);
}

TEST_F(MovingTest, WithoutAGreatestAgeNoneMoves) {
  resources_->idle_timeout = 24h * 366;
  Hello();
  Later(24h * 365);
  EXPECT_FALSE(peer_->ended());
}

TEST(MovingSegmentTest, FramesThatHaveComeAreAnsweredAndLaterOnesAreLeftToTheNextServer) {
  SmallServer server;
  HeldTeacher held(*server.teacher);
  const auto peer = std::make_shared<FakePeer<wire::SegmentReply>>();
  const auto now = Clock::now();
  const auto conversation =
      std::make_shared<SegmentConversation>(server.resources, peer, 1, "s1", now);
  wire::SegmentHello hello;
  hello.frame_size = {64, 48};
  hello.in_flight = 4;
  conversation->OnMessage(hello, now);
  peer->Next();
  const auto say = [&](uint64_t index) {
    wire::KeyFrame frame = SquareFrame(index, 0);
    conversation->OnMessage(
        wire::SegmentFrame{index, wire::VideoCodec::kRaw, frame.size, std::move(frame.data)}, now);
  };
  say(0);
  held.WaitUntilEntered();
  conversation->Move(kElsewhere, now);
  say(1);
  conversation->OnTick(now);
  EXPECT_FALSE(peer->ended());
  held.Open();
  EXPECT_EQ(std::get<wire::SegmentLabels>(peer->Next()).frame_index, 0u);
  const auto deadline = Clock::now() + 60s;  // the job ends just after its answer
  while (!peer->ended() && Clock::now() < deadline) conversation->OnTick(now);
  EXPECT_TRUE(peer->move());
  EXPECT_TRUE(peer->Silent());
}

}  // namespace
}  // namespace shadowtutor::server
