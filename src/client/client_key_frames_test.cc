// Algorithm 3 against a scripted link: which frames are sent, and when the client waits.
#include <gtest/gtest.h>

#include "client/client.h"
#include "client/testing/client_fixture.h"

namespace shadowtutor::client {
namespace {

using ClientKeyFrames = ClientFixture;

TEST_F(ClientKeyFrames, FirstFrameIsAKeyFrameAndLowMetricsKeepTheStrideSmall) {
  Start();
  Frames(40);
  EXPECT_EQ(link->sent, (Indices{0, 8, 16, 24, 32}));
  for (const FrameReport& report : reports) {
    EXPECT_EQ(report.key_frame, report.index % 8 == 0) << report.index;
    EXPECT_EQ(report.stride, 8);
    EXPECT_EQ(report.metric, report.index == 0 ? -1 : 0.5);
  }
  ExpectInStep();
}

// At threshold 0.8 a metric of 1 multiplies the stride by 2, 0.9 by 1.5 and 0.4 by 0.5.
TEST_F(ClientKeyFrames, StrideFollowsTheMetrics) {
  Start();
  for (const double metric : {1.0, 1.0, 0.9, 1.0, 0.4, 0.1}) {
    link->script.push_back({metric, 1});
  }
  Frames(220);
  EXPECT_EQ(link->sent, (Indices{0, 16, 48, 95, 159, 191, 199, 207, 215}));
  EXPECT_EQ(reports[1].stride, 16);
  EXPECT_EQ(reports[96].stride, 64);
  EXPECT_EQ(reports[160].stride, 32);
  EXPECT_EQ(reports[192].stride, 8);
}

TEST_F(ClientKeyFrames, WaitsAtMinStrideForWhatIsLate) {
  Start();
  link->usual = {0.9, 1000};
  Frames(30);
  // 0.9 turns stride 8 into 11, 11 into 16.
  EXPECT_EQ(link->sent, (Indices{0, 11, 27}));
  EXPECT_EQ(link->waits, (Ints{8, 19}));
  EXPECT_EQ(Changes(), (Ints{8, 19}));
}

TEST_F(ClientKeyFrames, AServerWithMuchToDoSpreadsThem) {
  Start();
  int least = 20;
  link->damage = [&](wire::Update& update) { update.min_stride = least; };
  Frames(50);
  EXPECT_EQ(link->sent, (Indices{0, 20, 40}));
  least = 0;  // told with the answer to 60
  Frames(40);
  EXPECT_EQ(link->sent, (Indices{0, 20, 40, 60, 68, 76, 84}));
}

TEST_F(ClientKeyFrames, RunsOnToTheSpreadStrideBeforeItWaits) {
  Start();
  link->damage = [](wire::Update& update) { update.min_stride = 20; };
  link->script.push_back({0.5, 1});
  link->usual = {0.5, 1000};
  Frames(45);
  EXPECT_EQ(link->sent, (Indices{0, 20, 40}));
  EXPECT_EQ(link->waits, (Ints{40}));
}

TEST_F(ClientKeyFrames, ASessionMayBeginWithSpreadKeyFrames) {
  Start();
  link->session =
      ServerLink::Session{{}, 1, wire::WeightChecksum(link->Trained()), /*min_stride=*/16};
  link->damage = [](wire::Update& update) { update.min_stride = 16; };
  link->usual = {0.1, 1};
  Frames(40);
  EXPECT_EQ(link->sent, (Indices{0, 16, 32}));
}

TEST_F(ClientKeyFrames, GoingOnMeansNeverWaiting) {
  ClientOptions options;
  options.staleness = Staleness::kGoOn;
  Start(options);
  link->script.push_back({0.5, 20});
  link->script.push_back({0.5, 1});
  link->script.push_back({0.5, kNever});
  Frames(60);
  EXPECT_TRUE(link->waits.empty());
  // The late update is applied at 20 and makes that frame a key frame; 28 is never answered.
  EXPECT_EQ(link->sent, (Indices{0, 20, 28}));
  EXPECT_EQ(Changes(), (Ints{20, 21}));
}

TEST_F(ClientKeyFrames, AnUpdateThatNeverComesIsGivenUpAtTheDeadline) {
  Start();
  link->script.push_back({1.0, 1});
  link->script.push_back({1.0, kNever});
  Frames(40);
  EXPECT_EQ(link->sent, (Indices{0, 16, 32}));
  EXPECT_EQ(link->waits, (Ints{24}));
}

TEST_F(ClientKeyFrames, AKeyFrameThatTheServerRefusesIsNotOutstandingAnyMore) {
  ClientOptions options;
  options.staleness = Staleness::kGoOn;
  Start(options);
  link->usual = {1.0, kNever};
  Frames(3);
  link->Refuse();
  Frames(14);
  EXPECT_EQ(link->sent, (Indices{0, 8}));
}

TEST_F(ClientKeyFrames, NothingTrainedChangesTheStrideAlone) {
  Start();
  link->usual = {1.0, 1, false};
  Frames(60);
  EXPECT_EQ(link->sent, (Indices{0, 16, 48}));
  EXPECT_TRUE(Changes().empty());
  EXPECT_EQ(client->version(), 1u);
  EXPECT_TRUE(reports[1].update_applied);
  ASSERT_TRUE(reports[1].update);
  EXPECT_EQ(reports[1].update->metric, 1.0);
}

TEST_F(ClientKeyFrames, AKeyFrameThatCannotBeSentIsTriedAtTheNextFrame) {
  Start();
  link->refuse_sends = 3;
  Frames(12);
  EXPECT_EQ(link->sent, (Indices{3, 11}));
  EXPECT_FALSE(reports[0].key_frame);
}

TEST_F(ClientKeyFrames, FrameSizesMayChange) {
  Start();
  Frames(4);
  frame = Image(9, 5);
  Frames(6);
  EXPECT_EQ(link->sizes, (std::vector<FrameSize>{{4, 3}, {9, 5}}));
  EXPECT_EQ(labels.size(), (FrameSize{9, 5}));
  EXPECT_THROW(client->Process(ImageView(), labels), Error);
  Frame();
  EXPECT_EQ(reports.back().index, 10u);
}

TEST_F(ClientKeyFrames, RefusesOptionsThatMakeNoSense) {
  ClientOptions options;
  options.policy.schedule.stride.min_stride = 0;
  EXPECT_THROW(Start(options), Error);
}

TEST_F(ClientKeyFrames, AreNoMoreThanTheBudgetAllows) {
  ClientOptions options;
  options.key_frames_per_second = 0.001;  // one, and the next after a quarter of an hour
  Start(options);
  Frames(200);
  EXPECT_EQ(link->sent, Indices{0});
  EXPECT_TRUE(link->waits.empty());
  for (const double rate : {-1.0, 1e9, 1e-9}) {
    options.key_frames_per_second = rate;
    EXPECT_THROW(Start(options), Error) << rate;
  }
}

}  // namespace
}  // namespace shadowtutor::client
