#include "server/stream_registry.h"

#include <gtest/gtest.h>

#include <set>

namespace shadowtutor::server {
namespace {

using Clock = std::chrono::steady_clock;

class FakeStream : public OpenStream {
 public:
  void Tick(Clock::time_point) override { ++ticks; }
  void EndWith(const Error& why) override { ended = why.what(); }

  int ticks = 0;
  std::string ended;
};

class StreamRegistryTest : public ::testing::Test {
 protected:
  std::shared_ptr<FakeStream> Open() {
    std::shared_ptr<FakeStream> opened;
    refusal_ = registry_.Open([&](uint64_t number, const std::string& id) {
      number_ = number;
      ids_.insert(id);
      opened = std::make_shared<FakeStream>();
      return opened;
    });
    return opened;
  }

  const std::shared_ptr<Resources> resources_ = std::make_shared<Resources>();
  StreamRegistry registry_{resources_, 2};
  uint64_t number_ = 0;
  std::set<std::string> ids_;
  std::optional<Error> refusal_;
};

TEST_F(StreamRegistryTest, HasRoomForSoManyAndNoMore) {
  ASSERT_TRUE(Open());
  const uint64_t first = number_;
  ASSERT_TRUE(Open());
  EXPECT_EQ(ids_.size(), 2u);
  EXPECT_FALSE(Open());
  ASSERT_TRUE(refusal_);
  EXPECT_EQ(refusal_->code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(resources_->stats.Snapshot().sessions_refused, 1u);
  registry_.Remove(first);
  EXPECT_TRUE(Open());
  EXPECT_EQ(ids_.size(), 3u) << "ids are not used twice";
}

TEST_F(StreamRegistryTest, KeepsStreamsUntilTheyAreRemoved) {
  const std::weak_ptr<FakeStream> stream = Open();
  EXPECT_FALSE(stream.expired());
  registry_.Tick(Clock::now());
  EXPECT_EQ(stream.lock()->ticks, 1);
  registry_.Remove(number_ + 1);
  EXPECT_FALSE(stream.expired());
  registry_.Remove(number_);
  EXPECT_TRUE(stream.expired());
}

TEST_F(StreamRegistryTest, EndsAllAndOpensNoMore) {
  const auto stream = Open();
  EXPECT_FALSE(registry_.WaitUntilEmpty(Clock::now()));
  registry_.EndAll(Error(ErrorCode::kUnavailable, "closing time"));
  EXPECT_EQ(stream->ended, "closing time");
  EXPECT_FALSE(Open());
  ASSERT_TRUE(refusal_);
  EXPECT_EQ(refusal_->code(), ErrorCode::kUnavailable);
  registry_.Remove(number_);
  EXPECT_TRUE(registry_.WaitUntilEmpty(Clock::now()));
}

}  // namespace
}  // namespace shadowtutor::server
