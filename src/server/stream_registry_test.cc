#include "server/stream_registry.h"

#include <gtest/gtest.h>

#include <set>

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class FakeStream : public OpenStream {
 public:
  void Tick(Clock::time_point) override { ++ticks; }
  void EndWith(const Error& why) override { ended = why.what(); }
  void Move(const Error& why) override { moved = why.what(); }
  std::optional<Clock::time_point> SilentSince() const override { return silent_since; }

  int ticks = 0;
  std::string ended, moved;
  std::optional<Clock::time_point> silent_since;
};

class StreamRegistryTest : public ::testing::Test {
 protected:
  std::shared_ptr<FakeStream> Open(const StreamOrigin& origin = {}) {
    std::shared_ptr<FakeStream> opened;
    refusal_ = registry_.Open(
        [&](uint64_t number, const std::string& id) {
          number_ = number;
          ids_.insert(id);
          opened = std::make_shared<FakeStream>();
          return opened;
        },
        origin);
    return opened;
  }

  const std::shared_ptr<Resources> resources_ = std::make_shared<Resources>();
  StreamRegistry registry_{resources_, {.in_all = 2}};
  uint64_t number_ = 0;
  std::set<std::string> ids_;
  std::optional<Error> refusal_;
};

TEST(StreamRegistryOverload, RefusesAndSaysWhenToComeAgain) {
  const auto resources = std::make_shared<Resources>(AdmissionOptions());
  StreamRegistry registry(resources, {});
  const auto open = [&] {
    return registry.Open(
        [](uint64_t, const std::string&) { return std::make_shared<FakeStream>(); });
  };
  for (uint64_t number = 1; number <= 4; ++number) {
    ASSERT_FALSE(open());
    resources->admission.Opened(number, Clock::now());
  }
  const std::optional<Error> soon = open();
  ASSERT_TRUE(soon) << "nobody knows what those four need";
  EXPECT_EQ(soon->retry_after(), Admission::kUnknownRetry);
  resources->admission.Labelled(1min);
  const std::optional<Error> refusal = open();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(refusal->retry_after(), Admission::kLatest);
  EXPECT_NE(std::string(refusal->what()).find("try again in 15 s"), std::string::npos);
  const auto refused = resources->stats.Snapshot().refused_by_reason;
  EXPECT_EQ(refused[static_cast<size_t>(RefusalReason::kOverloaded)], 2u);
  for (uint64_t number = 1; number <= 4; ++number) resources->admission.Ended(number);
  EXPECT_FALSE(open());
}

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

TEST_F(StreamRegistryTest, OneConnectionAndOneAddressGetAShare) {
  StreamRegistry registry(resources_, {.in_all = 8, .per_connection = 4});
  const auto open = [&](const StreamOrigin& origin) {
    const auto refusal = registry.Open(
        [](uint64_t, const std::string&) { return std::make_shared<FakeStream>(); }, origin);
    return refusal ? std::string(refusal->what()) : "";
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(open({"192.0.2.1", "a"}), "");
  EXPECT_NE(open({"192.0.2.1", "a"}).find("this connection"), std::string::npos);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(open({"192.0.2.1", "b"}), "");
  EXPECT_NE(open({"192.0.2.1", "b"}).find("the client's address"), std::string::npos);
  EXPECT_EQ(open({"192.0.2.2", "c"}), "");
  EXPECT_EQ(open({"192.0.2.2", "d"}), "");
  EXPECT_NE(open({"192.0.2.3", "e"}).find("the server"), std::string::npos);
  const ServerStats stats = resources_->stats.Snapshot();
  EXPECT_EQ(stats.sessions_refused, 3u);
  const auto refused = [&](RefusalReason reason) {
    return stats.refused_by_reason[static_cast<size_t>(reason)];
  };
  EXPECT_EQ(refused(RefusalReason::kConnectionFull), 1u);
  EXPECT_EQ(refused(RefusalReason::kAddressFull), 1u);
  EXPECT_EQ(refused(RefusalReason::kServerFull), 1u);
  const std::vector<Event> events = resources_->observatory.Events();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].client, "192.0.2.3");
  EXPECT_EQ(events[0].kind, Event::Kind::kRefused);
}

TEST_F(StreamRegistryTest, ThisMachineIsNotOneClient) {
  StreamRegistry registry(resources_, {.in_all = 100, .openings_per_address = {2, 3600s}});
  const auto open = [&](const StreamOrigin& origin) {
    return !registry.Open(
        [](uint64_t, const std::string&) { return std::make_shared<FakeStream>(); }, origin);
  };
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(open({"127.0.0.1", std::to_string(i), true}));
}

TEST_F(StreamRegistryTest, OpeningsFromOneAddressAreBoundedInTime) {
  StreamRegistry registry(resources_, {.in_all = 100, .openings_per_address = {2, 3600s}});
  const auto open = [&](const StreamOrigin& origin) {
    return !registry.Open(
        [](uint64_t, const std::string&) { return std::make_shared<FakeStream>(); }, origin);
  };
  EXPECT_TRUE(open({"192.0.2.1", "a"}));
  EXPECT_TRUE(open({"192.0.2.1", "b"}));
  EXPECT_FALSE(open({"192.0.2.1", "c"}));
  EXPECT_TRUE(open({"192.0.2.2", "d"}));
  EXPECT_EQ(
      resources_->stats.Snapshot().refused_by_reason[static_cast<size_t>(RefusalReason::kTooOften)],
      1u);
}

TEST_F(StreamRegistryTest, AnAddressThatMayHaveAllSessionsIsABalancers) {
  StreamRegistry registry(resources_,
                          {.in_all = 4, .per_address = 4, .openings_per_address = {2, 3600s}});
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(
        registry.Open([](uint64_t, const std::string&) { return std::make_shared<FakeStream>(); },
                      {"192.0.2.1", std::to_string(i)}));
  }
}

TEST_F(StreamRegistryTest, WhoeverIsSilentForLongMakesRoom) {
  const auto first = Open(), second = Open();
  first->silent_since = Clock::now() - wire::kYieldTimeout - 1s;
  second->silent_since = Clock::now();
  const auto third = Open();
  ASSERT_TRUE(third);
  EXPECT_NE(first->ended, "");
  EXPECT_EQ(second->ended, "");
  EXPECT_FALSE(Open()) << "the first stream is told to end only once";
}

TEST_F(StreamRegistryTest, TellsThatStreamsWereRemoved) {
  ASSERT_TRUE(Open());
  EXPECT_FALSE(registry_.TakeRemoved());
  registry_.Remove(number_);
  EXPECT_TRUE(registry_.TakeRemoved());
  EXPECT_FALSE(registry_.TakeRemoved());
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

TEST_F(StreamRegistryTest, MovesAllAndOpensNoMore) {
  const auto first = Open(), second = Open();
  EXPECT_EQ(registry_.MoveAll(Error(ErrorCode::kUnavailable, "elsewhere")), 2u);
  EXPECT_EQ(first->moved, "elsewhere");
  EXPECT_EQ(second->moved, "elsewhere");
  EXPECT_EQ(first->ended, "");
  registry_.Remove(number_);
  EXPECT_FALSE(Open());
  EXPECT_STREQ(refusal_->what(), "elsewhere");
  EXPECT_EQ(registry_.MoveAll(Error(ErrorCode::kUnavailable, "again")), 0u);
  registry_.EndAll(Error(ErrorCode::kUnavailable, "closing time"));
  EXPECT_EQ(first->ended, "closing time") << "it has not moved in time";
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
