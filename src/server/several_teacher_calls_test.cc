// Conversations with a teacher that labels two frames at a time.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <variant>

#include "server/testing/conversation_fixture.h"
#include "server/testing/tutor_fixture.h"

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;

// A call that does not return before it is told to.
class Hanging {
 public:
  void WaitUntilEntered() { entered_.get_future().wait(); }
  void Hang() {
    entered_.set_value();
    open_.get_future().wait();
  }
  void Open() { open_.set_value(); }

 private:
  std::promise<void> entered_, open_;
};

class SeveralTeacherCalls : public testing::Test {
 protected:
  using Clock = TutorConversation::Clock;

  struct Client {
    Client(const std::shared_ptr<Resources>& resources, uint64_t number)
        : conversation(
              std::make_shared<TutorConversation>(resources, peer, number, "s", Clock::now())) {
      conversation->OnMessage(wire::Hello{}, Clock::now());
      version = std::get<wire::Welcome>(peer->Next()).student_version;
    }
    void Say(uint64_t index, Clock::time_point now = Clock::now()) {
      conversation->OnMessage(SquareFrame(index, version), now);
    }
    ErrorCode Failure() { return std::get<wire::ErrorMessage>(peer->Next()).code; }
    bool Updated() {
      const auto message = peer->Next();
      const auto* update = std::get_if<wire::Update>(&message);
      if (update) version = update->new_version;
      return update != nullptr;
    }

    const std::shared_ptr<TutorPeer> peer = std::make_shared<TutorPeer>();
    const std::shared_ptr<TutorConversation> conversation;
    uint64_t version = 0;
  };

  // Frames 101 and 102 hang.
  SeveralTeacherCalls() {
    server_.teacher->on_label = [this](uint64_t index) {
      if (index == 101) first_.Hang();
      if (index == 102) second_.Hang();
    };
  }

  Hanging first_, second_;
  SmallServer server_{2};
  Client one_{server_.resources, 1}, two_{server_.resources, 2}, three_{server_.resources, 3};
};

TEST_F(SeveralTeacherCalls, OneThatHangsCostsItsOwnKeyFrameAlone) {
  one_.Say(101);
  first_.WaitUntilEntered();
  two_.Say(1);
  EXPECT_TRUE(two_.Updated()) << "labelled beside it";
  const auto later = Clock::now() + server_.resources->teacher_timeout + 1ms;
  one_.conversation->OnTick(later);
  two_.conversation->OnTick(later);
  EXPECT_EQ(one_.Failure(), ErrorCode::kDeadlineExceeded);
  two_.Say(2, later);
  EXPECT_TRUE(two_.Updated());
  one_.Say(3, later);
  EXPECT_EQ(one_.Failure(), ErrorCode::kUnavailable) << "its decoder is still in use";
  first_.Open();
  while (server_.resources->TeacherOverdue(1, later) != Resources::Overdue::kNo) {
    std::this_thread::yield();
  }
  one_.Say(4);
  EXPECT_TRUE(one_.Updated());
}

TEST_F(SeveralTeacherCalls, WhenAllHangTheOthersAreToldSo) {
  one_.Say(101);
  two_.Say(102);
  first_.WaitUntilEntered();
  second_.WaitUntilEntered();
  three_.Say(1);  // waits
  const auto later = Clock::now() + server_.resources->teacher_timeout + 1ms;
  three_.conversation->OnTick(later);
  EXPECT_EQ(three_.Failure(), ErrorCode::kUnavailable);
  three_.Say(2, later);
  EXPECT_EQ(three_.Failure(), ErrorCode::kUnavailable);
  // One returns, and there is a place again.
  second_.Open();
  EXPECT_TRUE(two_.Updated());
  three_.Say(3, later);
  EXPECT_TRUE(three_.Updated());
  first_.Open();
  EXPECT_TRUE(one_.Updated());
}

}  // namespace
}  // namespace shadowtutor::server
