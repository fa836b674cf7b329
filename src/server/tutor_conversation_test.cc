#include "server/tutor_conversation.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "nn/checkpoint_io.h"
#include "server/testing/fakes.h"
#include "server/testing/tutor_fixture.h"

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;

TEST_F(TutorConversationTest, HelloThenKeyFrames) {
  const wire::Welcome welcome = Hello();
  EXPECT_TRUE(welcome.student.has_value());
  EXPECT_EQ(welcome.session_id, "s1");
  uint64_t version = welcome.student_version;
  for (uint64_t index = 0; index < 3; ++index) {
    Say(SquareFrame(index, version));
    const auto update = std::get<wire::Update>(peer_->Next());
    EXPECT_EQ(update.frame_index, index);
    EXPECT_EQ(update.base_version, version);
    version = update.new_version;
  }
  const ServerStats stats = resources_->stats.Snapshot();
  EXPECT_EQ(stats.key_frames, 3u);
  EXPECT_EQ(stats.students_sent, 1u);
  EXPECT_EQ(stats.bytes_up, 3u * 64 * 48 * 3);
  ASSERT_EQ(stats.sessions.size(), 1u);
  EXPECT_EQ(stats.sessions[0].version, version);
  EXPECT_EQ(stats.sessions[0].distillation_steps, stats.distillation_steps);
  EXPECT_FALSE(peer_->ended());
}

TEST_F(TutorConversationTest, FramesOverTheBoundAreRefused) {
  resources_->max_frame_pixels = 64 * 48;
  const uint64_t version = Hello().student_version;
  Say(SquareFrame(0, version, 64, 49));
  const auto error = std::get<wire::ErrorMessage>(peer_->Next());
  EXPECT_EQ(error.code, ErrorCode::kFailedPrecondition);
  EXPECT_EQ(error.frame_index, 0u);
  EXPECT_FALSE(error.fatal);
  Say(SquareFrame(1, version));
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).frame_index, 1u);

  const auto peer = std::make_shared<TutorPeer>();
  const auto large = Open(peer, 2);
  wire::Hello hello;
  hello.frame_size = {65, 48};
  large->OnMessage(hello, start_);
  EXPECT_TRUE(peer->ended());
  EXPECT_EQ(peer->why(), ErrorCode::kFailedPrecondition);
}

TEST_F(TutorConversationTest, WholeStudentsAreNotSentAsOftenAsAClientAsks) {
  Hello();
  for (int i = 0; i < wire::kWholeStudents; ++i) {
    Say(wire::StudentRequest{"once more"});
    EXPECT_TRUE(std::holds_alternative<wire::WholeStudent>(peer_->Next()));
  }
  EXPECT_FALSE(peer_->ended());
  Say(wire::StudentRequest{"once more"});
  EXPECT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kResourceExhausted);
}

TEST_F(TutorConversationTest, TrainingEndsWithTheServer) {
  const uint64_t version = Hello().student_version;
  resources_->session.policy.trainer.threshold = 0.999;
  resources_->shutting_down = true;
  Say(SquareFrame(0, version));
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).steps, 0);
}

TEST_F(TutorConversationTest, TrainingHasADeadline) {
  resources_->training_timeout = std::chrono::milliseconds(-1);
  const uint64_t version = Hello().student_version;
  Say(SquareFrame(0, version));
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).steps, 0);
}

TEST_F(TutorConversationTest, SilenceIsCountedWhileNothingIsOutstanding) {
  EXPECT_EQ(conversation_->SilentSince(), start_);
  HeldTeacher held(*teacher_);
  const uint64_t version = Hello().student_version;
  Say(SquareFrame(0, version));
  held.WaitUntilEntered();
  EXPECT_EQ(conversation_->SilentSince(), std::nullopt);
  held.Open();
  peer_->Next();
}

TEST_F(TutorConversationTest, KeyFramesBeforeTheHelloEndIt) {
  Say(SquareFrame(0, 0));
  EXPECT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kFailedPrecondition);
}

TEST_F(TutorConversationTest, ASecondHelloEndsIt) {
  Hello();
  Say(wire::Hello{});
  EXPECT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(resources_->stats.Snapshot().sessions.size(), 0u);
}

TEST_F(TutorConversationTest, AStudentKnownByItsNameDoesNotTravel) {
  wire::Hello hello;
  hello.named = wire::NameOfStudent(*resources_->session.student);
  Say(hello);
  const auto welcome = std::get<wire::Welcome>(peer_->Next());
  EXPECT_FALSE(welcome.student);
  EXPECT_EQ(resources_->stats.Snapshot().students_sent, 0u);
  Say(SquareFrame(0, welcome.student_version));
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).base_version, welcome.student_version);
}

TEST_F(TutorConversationTest, AStudentUnknownByItsNameIsAskedForOnce) {
  const nn::Checkpoint theirs = SmallStudent(2);
  wire::Hello hello;
  hello.named = wire::NameOfStudent(theirs);
  conversation_->OnMessage(hello, start_ + resources_->hello_timeout / 2);
  EXPECT_TRUE(std::holds_alternative<wire::HandOverRequest>(peer_->Next()));
  EXPECT_TRUE(resources_->stats.Snapshot().sessions.empty());
  // The deadline for the hello begins anew.
  conversation_->OnTick(start_ + resources_->hello_timeout + 1ms);
  EXPECT_FALSE(peer_->ended());
  Say(hello);
  const auto welcome = std::get<wire::Welcome>(peer_->Next());
  ASSERT_TRUE(welcome.student) << "it was asked for already";
  EXPECT_EQ(nn::ParseCheckpoint(welcome.student->safetensors).weights,
            resources_->session.student->weights);
  Say(hello);
  EXPECT_TRUE(peer_->ended());
}

TEST_F(TutorConversationTest, WhoIsAskedForAStudentAndSaysNothingIsSentAway) {
  wire::Hello hello;
  hello.named = wire::NameOfStudent(SmallStudent(2));
  Say(hello);
  peer_->Next();
  conversation_->OnTick(start_ + resources_->hello_timeout + 1ms);
  EXPECT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kDeadlineExceeded);
}

TEST_F(TutorConversationTest, AnotherProtocolVersionIsRefused) {
  wire::Hello hello;
  hello.protocol_version = 99;
  Say(hello);
  EXPECT_EQ(peer_->why(), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(peer_->Silent());
}

TEST_F(TutorConversationTest, ASecondKeyFrameWhileOneIsOutstandingEndsIt) {
  Hello();
  HeldTeacher held(*teacher_);
  Say(SquareFrame(0, 0));
  held.WaitUntilEntered();
  Say(SquareFrame(1, 0));
  EXPECT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kFailedPrecondition);
  held.Open();
}

TEST_F(TutorConversationTest, AWrongVersionGetsTheWholeStudentAndThenTheUpdate) {
  const wire::Welcome welcome = Hello();
  Say(SquareFrame(5, welcome.student_version + 40));
  const auto whole = std::get<wire::WholeStudent>(peer_->Next());
  EXPECT_EQ(whole.version, welcome.student_version);
  const auto update = std::get<wire::Update>(peer_->Next());
  EXPECT_EQ(update.frame_index, 5u);
  EXPECT_EQ(update.base_version, whole.version);
}

TEST_F(TutorConversationTest, StudentRequestsAreAnswered) {
  Hello();
  Say(wire::StudentRequest{"the checksum differs"});
  EXPECT_TRUE(std::holds_alternative<wire::WholeStudent>(peer_->Next()));
}

TEST_F(TutorConversationTest, StudentRequestsWaitForTheKeyFrameAndAreAnsweredOnce) {
  Hello();
  HeldTeacher held(*teacher_);
  Say(SquareFrame(0, 0));
  held.WaitUntilEntered();
  Say(wire::StudentRequest{"once"});
  Say(wire::StudentRequest{"twice"});
  EXPECT_TRUE(peer_->Silent());
  held.Open();
  const auto update = std::get<wire::Update>(peer_->Next());
  EXPECT_EQ(std::get<wire::WholeStudent>(peer_->Next()).version, update.new_version);
  teacher_->on_label = nullptr;
  Say(SquareFrame(1, update.new_version));
  EXPECT_TRUE(std::holds_alternative<wire::Update>(peer_->Next()));
}

TEST_F(TutorConversationTest, ATeacherThatFailsCostsThatKeyFrameOnly) {
  Hello();
  teacher_->on_label = [](uint64_t index) {
    if (index == 0) throw Error(ErrorCode::kNotFound, "There is no label for frame 0.");
    if (index == 1) throw std::runtime_error("some library's words");
    if (index == 2) throw std::bad_alloc();
  };
  const ErrorCode expected[] = {ErrorCode::kNotFound, ErrorCode::kInternal,
                                ErrorCode::kResourceExhausted};
  for (uint64_t index = 0; index < 3; ++index) {
    Say(SquareFrame(index, 0));
    const auto error = std::get<wire::ErrorMessage>(peer_->Next());
    EXPECT_EQ(error.code, expected[index]);
    EXPECT_EQ(error.frame_index, index);
    EXPECT_FALSE(error.fatal);
  }
  Say(SquareFrame(3, 0));
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).frame_index, 3u);
  EXPECT_EQ(resources_->stats.Snapshot().key_frames_failed, 3u);
}

TEST_F(TutorConversationTest, HostileFramesCostThatKeyFrameOnly) {
  Hello();
  wire::KeyFrame frame = SquareFrame(0, 0);
  frame.data.resize(10);
  Say(frame);
  EXPECT_EQ(std::get<wire::ErrorMessage>(peer_->Next()).code, ErrorCode::kDataLoss);
  Say(SquareFrame(1, 0));
  EXPECT_TRUE(std::holds_alternative<wire::Update>(peer_->Next()));
}

TEST_F(TutorConversationTest, WhatIsNoMessageEndsIt) {
  Hello();
  conversation_->OnBadMessage(Error(ErrorCode::kInvalidArgument, "no message"));
  EXPECT_EQ(peer_->why(), ErrorCode::kInvalidArgument);
}

TEST_F(TutorConversationTest, SilenceIsBounded) {
  conversation_->OnTick(start_ + resources_->hello_timeout);
  EXPECT_FALSE(peer_->ended());
  conversation_->OnTick(start_ + resources_->hello_timeout + 1ms);
  EXPECT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kDeadlineExceeded);

  const auto second_peer = std::make_shared<TutorPeer>();
  const auto second = Open(second_peer, 2);
  second->OnMessage(wire::Hello{}, start_);
  second->OnTick(start_ + resources_->idle_timeout);
  EXPECT_FALSE(second_peer->ended());
  second->OnTick(start_ + resources_->idle_timeout + 1ms);
  EXPECT_EQ(second_peer->why(), ErrorCode::kDeadlineExceeded);
}

TEST_F(TutorConversationTest, WaitingForASlowTeacherIsNoSilence) {
  resources_->teacher_timeout = 100 * resources_->idle_timeout;
  Hello();
  HeldTeacher held(*teacher_);
  Say(SquareFrame(0, 0));
  held.WaitUntilEntered();
  conversation_->OnTick(start_ + 10 * resources_->idle_timeout);
  EXPECT_FALSE(peer_->ended());
  held.Open();
  EXPECT_TRUE(std::holds_alternative<wire::Update>(peer_->Next()));
}

TEST_F(TutorConversationTest, ATeacherThatHangsCostsItsKeyFrameAndRefusesOthersUntilItIsBack) {
  const wire::Welcome welcome = Hello();
  const auto second_peer = std::make_shared<TutorPeer>();
  const auto second = Open(second_peer, 2);
  second->OnMessage(wire::Hello{}, start_);
  second_peer->Next();
  HeldTeacher held(*teacher_);
  Say(SquareFrame(0, welcome.student_version));
  held.WaitUntilEntered();
  second->OnMessage(SquareFrame(7, welcome.student_version), start_);  // waits for the teacher
  conversation_->OnTick(Clock::now());
  second->OnTick(Clock::now());
  EXPECT_TRUE(peer_->Silent());
  EXPECT_TRUE(second_peer->Silent());

  const Clock::time_point later = Clock::now() + resources_->teacher_timeout + 1ms;
  conversation_->OnTick(later);
  second->OnTick(later);
  const auto late = std::get<wire::ErrorMessage>(peer_->Next());
  EXPECT_EQ(late.code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(late.frame_index, 0u);
  EXPECT_FALSE(late.fatal);
  const auto waited = std::get<wire::ErrorMessage>(second_peer->Next());
  EXPECT_EQ(waited.code, ErrorCode::kUnavailable);
  EXPECT_EQ(waited.frame_index, 7u);
  EXPECT_FALSE(resources_->teaching->Forget(1) || resources_->teaching->Forget(2));

  // More key frames are refused at once, and pile up nowhere.
  for (uint64_t index = 1; index < 20; ++index) {
    conversation_->OnMessage(SquareFrame(index, welcome.student_version), later);
    const auto refused = std::get<wire::ErrorMessage>(peer_->Next());
    EXPECT_EQ(refused.code, ErrorCode::kUnavailable);
    EXPECT_EQ(refused.frame_index, index);
  }
  EXPECT_FALSE(resources_->teaching->Forget(1) || resources_->teaching->Forget(2));
  EXPECT_EQ(resources_->stats.Snapshot().key_frames_failed, 21u);

  // The teacher is back: its late label is ignored, and the next key frame is trained on.
  held.Open();
  while (resources_->TeacherOverdue(1, later) != Resources::Overdue::kNo) {
    std::this_thread::yield();
  }
  teacher_->on_label = nullptr;
  Say(SquareFrame(20, welcome.student_version));
  const auto update = std::get<wire::Update>(peer_->Next());
  EXPECT_EQ(update.frame_index, 20u);
  EXPECT_EQ(update.base_version, welcome.student_version);
  EXPECT_TRUE(second_peer->Silent());
}

TEST_F(TutorConversationTest, AStudentAskedForWhileTheTeacherHangsIsSent) {
  Hello();
  HeldTeacher held(*teacher_);
  Say(SquareFrame(0, 0));
  held.WaitUntilEntered();
  Say(wire::StudentRequest{"meanwhile"});
  conversation_->OnTick(Clock::now() + resources_->teacher_timeout + 1ms);
  EXPECT_TRUE(std::holds_alternative<wire::ErrorMessage>(peer_->Next()));
  EXPECT_TRUE(std::holds_alternative<wire::WholeStudent>(peer_->Next()));
  held.Open();
}

TEST_F(TutorConversationTest, NonsenseFromTheTeacherCostsThatKeyFrameOnly) {
  Hello();
  const std::function<void(teacher::Answer&)> nonsense[] = {
      [](teacher::Answer& answer) { answer.label = LabelMap(3, 3, 0); },
      [](teacher::Answer& answer) { answer.label = LabelMap(); },
      [](teacher::Answer& answer) { answer.label.labels().pop_back(); },
      [](teacher::Answer& answer) { answer.label.at(5, 5) = 200; },
      [](teacher::Answer& answer) {
        answer.instances = {{-5, 0, 10, 10}};
      },
      [](teacher::Answer& answer) {
        answer.instances = {{60, 0, 2147483647, 10}};
      },
      [](teacher::Answer&) { throw 42; },
  };
  uint64_t index = 0;
  for (const auto& change : nonsense) {
    teacher_->change_answer = change;
    Say(SquareFrame(index, 0));
    const auto error = std::get<wire::ErrorMessage>(peer_->Next());
    EXPECT_EQ(error.code, ErrorCode::kInternal) << index;
    EXPECT_EQ(error.frame_index, index++);
  }
  teacher_->change_answer = nullptr;
  Say(SquareFrame(index, 0));
  EXPECT_EQ(std::get<wire::Update>(peer_->Next()).frame_index, index);
}

TEST_F(TutorConversationTest, ClosingFreesTheSession) {
  Hello();
  EXPECT_EQ(resources_->stats.Snapshot().sessions.size(), 1u);
  conversation_->OnClosed();
  EXPECT_EQ(resources_->stats.Snapshot().sessions.size(), 0u);
  Say(SquareFrame(0, 0));  // what was still on its way is ignored
  EXPECT_TRUE(peer_->Silent());
}

TEST_F(TutorConversationTest, ClosingWhileTheTeacherWorksFreesTheSessionAtOnce) {
  Hello();
  HeldTeacher held(*teacher_);
  Say(SquareFrame(0, 0));
  held.WaitUntilEntered();
  conversation_->OnClosed();
  EXPECT_EQ(resources_->stats.Snapshot().sessions.size(), 0u);
  std::weak_ptr<TutorConversation> watched = conversation_;
  conversation_.reset();
  held.Open();
  // The schedulers finish what runs; nothing else holds the conversation.
  resources_->teaching.reset();
  resources_->training.reset();
  EXPECT_TRUE(watched.expired());
  EXPECT_TRUE(peer_->Silent());
}

TEST_F(TutorConversationTest, ClosingWhileQueuedFreesTheSessionAtOnce) {
  Hello();
  HeldTeacher held(*teacher_);
  const auto second_peer = std::make_shared<TutorPeer>();
  auto second = Open(second_peer, 2);
  second->OnMessage(wire::Hello{}, start_);
  Say(SquareFrame(0, 0));
  held.WaitUntilEntered();
  second->OnMessage(SquareFrame(0, 0), start_);  // waits for the teacher
  EXPECT_EQ(resources_->stats.Snapshot().sessions.size(), 2u);
  second->OnClosed();
  EXPECT_EQ(resources_->stats.Snapshot().sessions.size(), 1u);
  held.Open();
  EXPECT_TRUE(std::holds_alternative<wire::Update>(peer_->Next()));
}

TEST_F(TutorConversationTest, DoesNotWorkForAClientThatTakesNothing) {
  Hello();
  peer_->TurnDeaf();
  for (int i = 0; i < 3; ++i) Say(wire::StudentRequest{"more"});
  EXPECT_EQ(resources_->stats.Snapshot().students_sent,
            2u);  // in the welcome, and the first that the client did not take
}

TEST_F(TutorConversationTest, SessionsHaveStudentsOfTheirOwn) {
  const wire::Welcome first = Hello();
  const auto second_peer = std::make_shared<TutorPeer>();
  const auto second = Open(second_peer, 2);
  second->OnMessage(wire::Hello{}, start_);
  const auto welcome = std::get<wire::Welcome>(second_peer->Next());
  EXPECT_EQ(welcome.student_checksum, first.student_checksum);

  Say(SquareFrame(0, first.student_version));
  const auto update = std::get<wire::Update>(peer_->Next());
  EXPECT_NE(update.checksum, first.student_checksum);
  second->OnMessage(wire::StudentRequest{"test"}, start_);
  EXPECT_EQ(std::get<wire::WholeStudent>(second_peer->Next()).checksum, welcome.student_checksum);
}

}  // namespace
}  // namespace shadowtutor::server
