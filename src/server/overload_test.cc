// What a conversation asks of its client while the server has much to do.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <variant>

#include "server/testing/conversation_fixture.h"
#include "server/testing/tutor_fixture.h"

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;
using Clock = TutorConversation::Clock;

constexpr uint64_t kOthers = 100;  // the number of the first of the other sessions

class Overload : public testing::Test {
 protected:
  Overload() : server_(AdmissionOptions{.schedule = {.stride = {0.8, 8, 64}}}) {
    server_.resources->session.policy.trainer.threshold = 1;  // always all steps
    server_.resources->session.policy.trainer.max_updates = 8;
  }

  // Other sessions ask for so much that it needs the harshest terms, or nothing more.
  void TurnBusy() {
    for (uint64_t i = 0; i < 20; ++i)
      server_.resources->admission.Opened(kOthers + i, Clock::now());
    for (int i = 0; i < 100; ++i) server_.resources->admission.Labelled(1s);
    server_.resources->admission.Tick(Clock::now());
  }
  void TurnQuiet() {
    for (uint64_t i = 0; i < 20; ++i) server_.resources->admission.Ended(kOthers + i);
    server_.resources->admission.Tick(Clock::now());
  }

  wire::Welcome Hello() {
    conversation_->OnMessage(wire::Hello{}, Clock::now());
    return std::get<wire::Welcome>(peer_->Next());
  }
  wire::Update KeyFrame(uint64_t index, uint64_t version) {
    conversation_->OnMessage(SquareFrame(index, version), Clock::now());
    return std::get<wire::Update>(peer_->Next());
  }

  SmallServer server_;
  const std::shared_ptr<TutorPeer> peer_ = std::make_shared<TutorPeer>();
  const std::shared_ptr<TutorConversation> conversation_ =
      std::make_shared<TutorConversation>(server_.resources, peer_, 1, "s", Clock::now());
};

TEST_F(Overload, AServerWithTimeSaysNothingOfIt) {
  EXPECT_EQ(Hello().min_stride, 0);
  const wire::Update update = KeyFrame(0, 0);
  EXPECT_EQ(update.min_stride, 0);
  EXPECT_EQ(update.steps, 8);
}

TEST_F(Overload, ClientsAreToldToSpreadKeyFramesAndLessIsTrained) {
  Hello();
  TurnBusy();
  const wire::Update first = KeyFrame(0, 0);
  EXPECT_EQ(first.min_stride, 64);
  EXPECT_EQ(first.steps, 8) << "a student's first key frame is trained on as usual";
  const wire::Update second = KeyFrame(64, first.new_version);
  EXPECT_EQ(second.steps, 4);
  TurnQuiet();
  const wire::Update third = KeyFrame(128, second.new_version);
  EXPECT_EQ(third.min_stride, 0);
  EXPECT_EQ(third.steps, 8);
}

TEST_F(Overload, ANewSessionIsToldAtOnce) {
  TurnBusy();
  EXPECT_EQ(Hello().min_stride, 64);
}

TEST_F(Overload, ASessionThatHasEndedIsNoLoad) {
  Hello();
  for (int i = 0; i < 100; ++i) server_.resources->admission.Labelled(1s);
  EXPECT_GT(server_.resources->admission.Predict({}, Clock::now()).teacher_load, 1);
  conversation_->OnClosed();
  EXPECT_EQ(server_.resources->admission.Predict({}, Clock::now()).teacher_load, 0);
}

}  // namespace
}  // namespace shadowtutor::server
