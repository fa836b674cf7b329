#include "server/tutor_conversation.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "server/testing/conversation_fixture.h"
#include "server/testing/fakes.h"

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;
using Clock = TutorConversation::Clock;

using TutorPeer = FakePeer<wire::ServerMessage>;

class TutorConversationTest : public testing::Test {
 protected:
  TutorConversationTest() { conversation_ = Open(peer_, 1); }

  std::shared_ptr<TutorConversation> Open(const std::shared_ptr<TutorPeer>& peer, uint64_t number) {
    std::string id = "s";
    id += std::to_string(number);
    return std::make_shared<TutorConversation>(resources_, peer, number, id, start_);
  }
  void Say(wire::ClientMessage message) { conversation_->OnMessage(std::move(message), start_); }
  wire::Welcome Hello() {
    Say(wire::Hello{});
    return std::get<wire::Welcome>(peer_->Next());
  }

  const Clock::time_point start_ = Clock::now();
  SmallServer server_;
  const std::shared_ptr<FakeTeacher> teacher_ = server_.teacher;
  const std::shared_ptr<Resources> resources_ = server_.resources;
  const std::shared_ptr<TutorPeer> peer_ = std::make_shared<TutorPeer>();
  std::shared_ptr<TutorConversation> conversation_;
};

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
  while (resources_->TeacherOverdue(later)) std::this_thread::yield();
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
  std::atomic<int> lines = 0;
  resources_->log = [&](const std::string& line) {
    lines += line.find("frame 0:") != std::string::npos;
  };
  Say(HelloOfParts());
  peer_->Next();
  Say(SquareFrame(0, 0));
  for (int part = 0; part < 3; ++part) peer_->Next();
  WaitForTraining();
  EXPECT_EQ(lines, 1);
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
