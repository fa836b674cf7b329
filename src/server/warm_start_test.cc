#include "server/warm_start.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "server/testing/tutor_fixture.h"
#include "video/testing/test_files.h"

namespace shadowtutor::server {
namespace {

using shadowtutor::testing::TemporaryFolder;

class WarmStartTest : public TutorConversationTest {
 protected:
  WarmStartTest() {
    resources_->students = std::make_shared<StudentStore>(folder_.path(), 10, [](const auto&) {});
    resources_->log = [this](const std::string& line) {
      const MutexLock lock(mutex_);
      begun_ += line.find("begins with the stored student") != std::string::npos;
    };
  }
  ~WarmStartTest() override {
    conversation_.reset();
    resources_->teaching->Shutdown();
    resources_->training->Shutdown();
  }

  // A session of so many key frames; the metric before the first of them is trained on.
  double Session(uint64_t number, uint64_t frames) {
    const auto peer = std::make_shared<TutorPeer>();
    const auto session = Open(peer, number);
    session->OnMessage(wire::Hello{}, start_);
    uint64_t version = std::get<wire::Welcome>(peer->Next()).student_version;
    double first = -1;
    for (uint64_t index = 0; index < frames; ++index) {
      session->OnMessage(SquareFrame(index, version), start_);
      const auto update = std::get<wire::Update>(peer->Next());
      EXPECT_EQ(update.base_version, version);
      version = update.new_version;
      if (index == 0) first = update.initial_metric;
    }
    session->OnClosed();
    return first;
  }
  int begun() {
    const MutexLock lock(mutex_);
    return begun_;
  }

  TemporaryFolder folder_;
  Mutex mutex_;
  int begun_ ST_GUARDED_BY(mutex_) = 0;
};

TEST_F(WarmStartTest, ACameraThatComesBackBeginsWithWhatItHadLearned) {
  resources_->session.policy.trainer.threshold = 0.95;
  const double cold = Session(1, 10);
  resources_->students->Flush();
  ASSERT_EQ(resources_->students->size(), 1u);
  EXPECT_EQ(begun(), 0);
  const double warm = Session(2, 5);
  EXPECT_EQ(begun(), 1);
  EXPECT_GE(warm, cold + tutor::kStartMargin);
  resources_->students->Flush();
  EXPECT_EQ(resources_->students->size(), 1u);  // in the older one's place
}

TEST_F(WarmStartTest, WhoHasLearnedLittleLeavesNothing) {
  Session(1, WarmStart::kLearned - 1);
  resources_->students->Flush();
  EXPECT_EQ(resources_->students->size(), 0u);
}

}  // namespace
}  // namespace shadowtutor::server
