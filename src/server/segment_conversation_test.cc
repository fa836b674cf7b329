// Every frame labelled, spoken to as a transport would. What clients do over real connections is in
// tests/segment_test.cc.
#include "server/segment_conversation.h"

#include <gtest/gtest.h>

#include "server/testing/conversation_fixture.h"
#include "server/testing/fakes.h"
#include "wire/frame_codec.h"

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;

using SegmentPeer = FakePeer<wire::SegmentReply>;

wire::SegmentFrame Frame(uint64_t index) {
  wire::KeyFrame frame = SquareFrame(index, 0);
  return {index, wire::VideoCodec::kRaw, frame.size, std::move(frame.data)};
}

class SegmentConversationTest : public ::testing::Test {
 protected:
  SegmentConversationTest()
      : conversation_(
            std::make_shared<SegmentConversation>(server_.resources, peer_, 1, "s1", start_)) {}
  void Say(wire::SegmentRequest message) { conversation_->OnMessage(std::move(message), start_); }
  void Greet(int in_flight) {
    wire::SegmentHello hello;
    hello.frame_size = {64, 48};
    hello.in_flight = in_flight;
    Say(hello);
    EXPECT_EQ(std::get<wire::SegmentWelcome>(peer_->Next()).in_flight, in_flight);
  }

  // Another client, one of whose frames the teacher is given.
  struct OtherClient {
    explicit OtherClient(SegmentConversationTest& test)
        : conversation(std::make_shared<SegmentConversation>(test.server_.resources, peer, 2, "s2",
                                                             test.start_)) {
      conversation->OnMessage(wire::SegmentHello{}, test.start_);
      peer->Next();
      conversation->OnMessage(Frame(0), test.start_);
    }
    const std::shared_ptr<SegmentPeer> peer = std::make_shared<SegmentPeer>();
    const std::shared_ptr<SegmentConversation> conversation;
  };

  SmallServer server_;
  wire::LabelDecoder decoder_;
  const SegmentConversation::Clock::time_point start_ = SegmentConversation::Clock::now();
  const std::shared_ptr<SegmentPeer> peer_ = std::make_shared<SegmentPeer>();
  std::shared_ptr<SegmentConversation> conversation_;
};

TEST_F(SegmentConversationTest, AnswersInTheOrderOfTheFrames) {
  Greet(3);
  for (uint64_t i = 0; i < 3; ++i) Say(Frame(i));
  for (uint64_t i = 0; i < 3; ++i) {
    const auto labels = std::get<wire::SegmentLabels>(peer_->Next());
    EXPECT_EQ(labels.frame_index, i);
    const LabelMap map = decoder_.Decode(labels.codec, labels.data, labels.size);
    EXPECT_EQ(map.at(24, 24), 0) << "inside the square";
    EXPECT_EQ(map.at(1, 1), 1);
  }
  EXPECT_EQ(server_.resources->stats.Snapshot().frames_segmented, 3u);
}

TEST_F(SegmentConversationTest, ATeacherThatFailsCostsItsFrame) {
  Greet(1);
  server_.teacher->on_label = [](uint64_t index) {
    if (index == 0) throw Error(ErrorCode::kInternal, "the teacher stumbles");
  };
  Say(Frame(0));
  const auto error = std::get<wire::ErrorMessage>(peer_->Next());
  EXPECT_EQ(error.frame_index, 0u);
  EXPECT_FALSE(error.fatal);
  Say(Frame(1));
  EXPECT_EQ(std::get<wire::SegmentLabels>(peer_->Next()).frame_index, 1u);
}

TEST_F(SegmentConversationTest, ATeacherThatIsOverdueEndsIt) {
  Greet(2);
  HeldTeacher held(*server_.teacher);
  Say(Frame(0));
  Say(Frame(1));
  held.WaitUntilEntered();
  conversation_->OnTick(SegmentConversation::Clock::now());
  EXPECT_FALSE(peer_->ended()) << "the teacher is in time";
  conversation_->OnTick(SegmentConversation::Clock::now() + server_.resources->teacher_timeout +
                        1s);
  ASSERT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kDeadlineExceeded);
  held.Open();
}

TEST_F(SegmentConversationTest, AnotherClientsOverdueFrameEndsThoseWhoWaitBehindIt) {
  Greet(1);
  HeldTeacher held(*server_.teacher);
  const OtherClient other(*this);
  held.WaitUntilEntered();
  Say(Frame(0));
  conversation_->OnTick(SegmentConversation::Clock::now() + server_.resources->teacher_timeout +
                        1s);
  ASSERT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kUnavailable);
  held.Open();
}

TEST_F(SegmentConversationTest, ClosedWhileAFrameWaitsItAnswersNothing) {
  Greet(1);
  HeldTeacher held(*server_.teacher);
  const OtherClient other(*this);
  held.WaitUntilEntered();
  Say(Frame(0));
  conversation_->OnClosed();
  held.Open();
  EXPECT_TRUE(std::holds_alternative<wire::SegmentLabels>(other.peer->Next()));
  EXPECT_TRUE(peer_->Silent());
  std::weak_ptr<SegmentConversation> watched = conversation_;
  conversation_.reset();
  EXPECT_TRUE(watched.expired()) << "its job was taken out of the queue";
}

TEST_F(SegmentConversationTest, SilenceEndsIt) {
  conversation_->OnTick(start_ + server_.resources->hello_timeout);
  EXPECT_FALSE(peer_->ended());
  conversation_->OnTick(start_ + server_.resources->hello_timeout + 1ms);
  ASSERT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace shadowtutor::server
