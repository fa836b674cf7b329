#include "server/tutor_conversation.h"

#include <gtest/gtest.h>

#include <deque>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "server/testing.h"

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;
using Clock = TutorConversation::Clock;

// Remembers what the server said.
class FakePeer final : public TutorConversation::Peer {
 public:
  bool Send(wire::ServerMessage message) override {
    const MutexLock lock(mutex_);
    if (deaf_) return false;
    heard_.push_back(std::move(message));
    changed_.NotifyAll();
    return true;
  }
  void TurnDeaf() {
    const MutexLock lock(mutex_);
    deaf_ = true;
  }
  void End(const std::optional<Error>& why) override {
    const MutexLock lock(mutex_);
    ended_ = true;
    why_ = why;
    changed_.NotifyAll();
  }

  // The next message; fails the test when none comes.
  wire::ServerMessage Next() {
    const MutexLock lock(mutex_);
    if (!changed_.WaitFor(mutex_, 60s, [this]() ST_REQUIRES(mutex_) { return !heard_.empty(); })) {
      throw std::runtime_error("the server says nothing");
    }
    wire::ServerMessage message = std::move(heard_.front());
    heard_.pop_front();
    return message;
  }
  bool Silent() {
    const MutexLock lock(mutex_);
    return heard_.empty();
  }
  bool ended() {
    const MutexLock lock(mutex_);
    return ended_;
  }
  ErrorCode why() {
    const MutexLock lock(mutex_);
    return why_.value().code();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::deque<wire::ServerMessage> heard_ ST_GUARDED_BY(mutex_);
  bool deaf_ ST_GUARDED_BY(mutex_) = false;
  bool ended_ ST_GUARDED_BY(mutex_) = false;
  std::optional<Error> why_ ST_GUARDED_BY(mutex_);
};

class ConversationTest : public testing::Test {
 protected:
  ConversationTest() {
    resources_->session.student = std::make_shared<const nn::Checkpoint>(SmallStudent(1));
    resources_->session.trainer.threshold = 0.95;
    resources_->teacher = teacher_;
    resources_->teaching = std::make_unique<Scheduler>(1, 4);
    resources_->training = std::make_unique<Scheduler>(1, 4);
    conversation_ = Open(peer_, 1);
  }
  ~ConversationTest() override {
    resources_->teaching.reset();
    resources_->training.reset();
  }

  std::shared_ptr<TutorConversation> Open(const std::shared_ptr<FakePeer>& peer, uint64_t number) {
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
  const std::shared_ptr<FakeTeacher> teacher_ = std::make_shared<FakeTeacher>();
  const std::shared_ptr<Resources> resources_ = std::make_shared<Resources>();
  const std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::shared_ptr<TutorConversation> conversation_;
};

// Holds the teacher in the middle of a key frame. The teacher's thread shares the state, so that it
// may outlive the test's view of it.
class HeldTeacher {
 public:
  explicit HeldTeacher(FakeTeacher& teacher) {
    teacher.on_label = [state = state_](uint64_t) {
      state->entered.set_value();
      state->open.get_future().wait();
    };
  }
  void WaitUntilEntered() { state_->entered.get_future().wait(); }
  void Open() { state_->open.set_value(); }

 private:
  struct State {
    std::promise<void> entered, open;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

TEST_F(ConversationTest, HelloThenKeyFrames) {
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

TEST_F(ConversationTest, KeyFramesBeforeTheHelloEndIt) {
  Say(SquareFrame(0, 0));
  EXPECT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kFailedPrecondition);
}

TEST_F(ConversationTest, ASecondHelloEndsIt) {
  Hello();
  Say(wire::Hello{});
  EXPECT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(resources_->stats.Snapshot().sessions.size(), 0u);
}

TEST_F(ConversationTest, AnotherProtocolVersionIsRefused) {
  wire::Hello hello;
  hello.protocol_version = 99;
  Say(hello);
  EXPECT_EQ(peer_->why(), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(peer_->Silent());
}

TEST_F(ConversationTest, ASecondKeyFrameWhileOneIsOutstandingEndsIt) {
  Hello();
  HeldTeacher held(*teacher_);
  Say(SquareFrame(0, 0));
  held.WaitUntilEntered();
  Say(SquareFrame(1, 0));
  EXPECT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kFailedPrecondition);
  held.Open();
}

TEST_F(ConversationTest, AWrongVersionGetsTheWholeStudentAndThenTheUpdate) {
  const wire::Welcome welcome = Hello();
  Say(SquareFrame(5, welcome.student_version + 40));
  const auto whole = std::get<wire::WholeStudent>(peer_->Next());
  EXPECT_EQ(whole.version, welcome.student_version);
  const auto update = std::get<wire::Update>(peer_->Next());
  EXPECT_EQ(update.frame_index, 5u);
  EXPECT_EQ(update.base_version, whole.version);
}

TEST_F(ConversationTest, StudentRequestsAreAnswered) {
  Hello();
  Say(wire::StudentRequest{"the checksum differs"});
  EXPECT_TRUE(std::holds_alternative<wire::WholeStudent>(peer_->Next()));
}

TEST_F(ConversationTest, StudentRequestsWaitForTheKeyFrameAndAreAnsweredOnce) {
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

TEST_F(ConversationTest, ATeacherThatFailsCostsThatKeyFrameOnly) {
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

TEST_F(ConversationTest, HostileFramesCostThatKeyFrameOnly) {
  Hello();
  wire::KeyFrame frame = SquareFrame(0, 0);
  frame.data.resize(10);
  Say(frame);
  EXPECT_EQ(std::get<wire::ErrorMessage>(peer_->Next()).code, ErrorCode::kDataLoss);
  Say(SquareFrame(1, 0));
  EXPECT_TRUE(std::holds_alternative<wire::Update>(peer_->Next()));
}

TEST_F(ConversationTest, WhatIsNoMessageEndsIt) {
  Hello();
  conversation_->OnBadMessage(Error(ErrorCode::kInvalidArgument, "no message"));
  EXPECT_EQ(peer_->why(), ErrorCode::kInvalidArgument);
}

TEST_F(ConversationTest, SilenceIsBounded) {
  conversation_->OnTick(start_ + resources_->hello_timeout);
  EXPECT_FALSE(peer_->ended());
  conversation_->OnTick(start_ + resources_->hello_timeout + 1ms);
  EXPECT_TRUE(peer_->ended());
  EXPECT_EQ(peer_->why(), ErrorCode::kDeadlineExceeded);

  const auto second_peer = std::make_shared<FakePeer>();
  const auto second = Open(second_peer, 2);
  second->OnMessage(wire::Hello{}, start_);
  second->OnTick(start_ + resources_->idle_timeout);
  EXPECT_FALSE(second_peer->ended());
  second->OnTick(start_ + resources_->idle_timeout + 1ms);
  EXPECT_EQ(second_peer->why(), ErrorCode::kDeadlineExceeded);
}

TEST_F(ConversationTest, WaitingForASlowTeacherIsNoSilence) {
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

TEST_F(ConversationTest, ATeacherThatHangsCostsItsKeyFrameAndRefusesOthersUntilItIsBack) {
  const wire::Welcome welcome = Hello();
  const auto second_peer = std::make_shared<FakePeer>();
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

  // Back again: nothing comes of the late label, and what is sent now is taught.
  held.Open();
  while (resources_->TeacherOverdue(later)) std::this_thread::yield();
  teacher_->on_label = nullptr;
  Say(SquareFrame(20, welcome.student_version));
  const auto update = std::get<wire::Update>(peer_->Next());
  EXPECT_EQ(update.frame_index, 20u);
  EXPECT_EQ(update.base_version, welcome.student_version);
  EXPECT_TRUE(second_peer->Silent());
}

TEST_F(ConversationTest, AStudentAskedForWhileTheTeacherHangsIsSent) {
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

TEST_F(ConversationTest, NonsenseFromTheTeacherCostsThatKeyFrameOnly) {
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

TEST_F(ConversationTest, ClosingFreesTheSession) {
  Hello();
  EXPECT_EQ(resources_->stats.Snapshot().sessions.size(), 1u);
  conversation_->OnClosed();
  EXPECT_EQ(resources_->stats.Snapshot().sessions.size(), 0u);
  Say(SquareFrame(0, 0));  // what was still on its way is ignored
  EXPECT_TRUE(peer_->Silent());
}

TEST_F(ConversationTest, ClosingWhileTheTeacherWorksFreesTheSessionAtOnce) {
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

TEST_F(ConversationTest, ClosingWhileQueuedFreesTheSessionAtOnce) {
  Hello();
  HeldTeacher held(*teacher_);
  const auto second_peer = std::make_shared<FakePeer>();
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

TEST_F(ConversationTest, DoesNotWorkForAClientThatTakesNothing) {
  Hello();
  peer_->TurnDeaf();
  for (int i = 0; i < 3; ++i) Say(wire::StudentRequest{"more"});
  EXPECT_EQ(resources_->stats.Snapshot().students_sent, 2u);  // the welcome's and one in vain
}

TEST_F(ConversationTest, SessionsHaveStudentsOfTheirOwn) {
  const wire::Welcome first = Hello();
  const auto second_peer = std::make_shared<FakePeer>();
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
