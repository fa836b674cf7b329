// What a run does at its beginning and its end, with a link that has no server behind it. What it
// does with one is in tests/run_test.cc.
#include "app/run_client.h"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <utility>

#include "app/testing/scripted_run.h"

namespace shadowtutor::app {
namespace {

using testing::OpenLoggingSink;
using testing::ScriptedSource;
using testing::SinkLog;

// Welcomed once, and from then on without a server: no key frame goes out.
class LonelyLink : public client::ServerLink {
 public:
  bool Connected() override { return false; }
  bool SendKeyFrame(ImageView, uint64_t) override { return false; }
  void OnArrival(Arrived) override {}
  std::optional<wire::Update> PollUpdate() override { return std::nullopt; }
  std::optional<wire::Update> WaitForUpdate() override { return std::nullopt; }
  bool AnswerPending() override { return false; }
  std::optional<WholeStudent> TakeStudent() override { return std::nullopt; }
  void RequestStudent(const std::string&) override {}
  void Holding(std::span<const float>, uint64_t) override {}
  std::optional<Session> TakeSession() override { return std::nullopt; }
};

class ScriptedTutorLink : public TutorLink {
 public:
  explicit ScriptedTutorLink(int looks_until_welcome, std::unique_ptr<client::ServerLink> link =
                                                          std::make_unique<LonelyLink>())
      : TutorLink(std::move(link)), looks_left_(looks_until_welcome) {}
  bool WaitForWelcome(std::chrono::milliseconds) override { return --looks_left_ < 0; }
  std::optional<wire::Welcome> welcome() const override { return wire::Welcome{}; }
  rpc::GrpcLinkStats stats() const override { return {.bytes_up = 5, .sessions = 1}; }

 private:
  int looks_left_;
};

class RunClientTest : public ::testing::Test {
 protected:
  RunClientTest() {
    constexpr nn::NetworkSpec kSmall{2, 8, 8, 16, 16, 16, 16, 16, 16, 16};
    options_.link.student = std::make_shared<const nn::Checkpoint>(
        nn::FreshStudent(kSmall, {{"background", {}}, {"person", {}}}, 0, 1));
    options_.open_sinks = OpenLoggingSink(sinks_);
  }
  RunSummary Run(video::Source& source) {
    return RunClient(source, options_, [&](const rpc::GrpcLinkOptions& link) {
      EXPECT_EQ(link.frame_size, source.size());
      return std::make_unique<ScriptedTutorLink>(looks_until_welcome_);
    });
  }

  RunOptions options_;
  SinkLog sinks_;
  int looks_until_welcome_ = 0;
};

TEST_F(RunClientTest, EndsWithItsSource) {
  looks_until_welcome_ = 2;
  ScriptedSource source(3);
  const RunSummary summary = Run(source);
  EXPECT_EQ(summary.frames, 3u);
  EXPECT_FALSE(summary.stopped);
  EXPECT_EQ(summary.bytes_up, 5u);
  EXPECT_EQ(summary.naive_bytes_up, 3u * 32 * 32 * 3);
  EXPECT_TRUE(summary.student_ms);
  EXPECT_FALSE(summary.teacher_ms);
  EXPECT_FALSE(summary.last_metric);
  EXPECT_EQ(sinks_, (SinkLog{"0", "1", "2", "close", "gone"}));
}

// Has one later part of an answer for each frame, without weights.
class PartsLink final : public LonelyLink {
 public:
  std::optional<wire::Update> PollUpdate() override {
    if (std::exchange(given_, !given_)) return std::nullopt;
    wire::Update part;
    part.part = ++part_;
    part.metric = 0.1 * part_;
    part.steps = 2;
    part.train_ms = 30;
    part.checksum = checksum_;
    return part;
  }
  void Holding(std::span<const float> trained, uint64_t) override {
    checksum_ = wire::WeightChecksum(trained);
  }

 private:
  bool given_ = false;
  int part_ = 0;
  uint64_t checksum_ = 0;
};

TEST_F(RunClientTest, CountsTheTrainingOfLaterParts) {
  ScriptedSource source(3);
  const RunSummary summary = RunClient(source, options_, [](const rpc::GrpcLinkOptions&) {
    return std::make_unique<ScriptedTutorLink>(0, std::make_unique<PartsLink>());
  });
  EXPECT_EQ(summary.distillation_steps, 6u);
  EXPECT_EQ(summary.step_ms, 15);
  EXPECT_EQ(summary.step_mean_ms, 15);
  EXPECT_NEAR(summary.last_metric.value(), 0.3, 1e-9);
  EXPECT_FALSE(summary.teacher_ms) << "the teacher has nothing to do with them";
}

TEST_F(RunClientTest, TakesTheFirstFramesOnlyAndReadsNoMore) {
  options_.max_frames = 2;
  ScriptedSource source(3);
  EXPECT_EQ(Run(source).frames, 2u);
  EXPECT_EQ(source.read(), 2);
}

TEST_F(RunClientTest, AStopBetweenTwoFramesClosesTheSinks) {
  options_.stop = [&] { return sinks_.size() == 2; };
  ScriptedSource source(9);
  const RunSummary summary = Run(source);
  EXPECT_TRUE(summary.stopped);
  EXPECT_EQ(summary.frames, 2u);
  EXPECT_EQ(sinks_, (SinkLog{"0", "1", "close", "gone"}));
}

TEST_F(RunClientTest, AStopBeforeTheServerAnswersReadsNothing) {
  looks_until_welcome_ = 1000;
  options_.stop = [] { return true; };
  ScriptedSource source(9);
  EXPECT_TRUE(Run(source).stopped);
  EXPECT_EQ(source.read(), 0);
  EXPECT_TRUE(sinks_.empty());
}

TEST_F(RunClientTest, AStopBeforeTheStudentIsHereReadsNothing) {
  options_.link.student = nullptr;
  options_.stop = [] { return true; };
  ScriptedSource source(9);
  EXPECT_TRUE(Run(source).stopped);
  EXPECT_EQ(source.read(), 0);
}

TEST_F(RunClientTest, AStopWhileTheSourceWaitsClosesTheSinks) {
  class LostCamera final : public ScriptedSource {
   public:
    LostCamera(int frames, bool& stop) : ScriptedSource(frames), stop_(stop) {}
    bool Read(Image& frame) override {
      if (ScriptedSource::Read(frame)) return true;
      stop_ = true;
      return false;
    }

   private:
    bool& stop_;
  };
  for (const int frames : {0, 2}) {
    bool stop = false;
    options_.stop = [&] { return stop; };
    sinks_.clear();
    LostCamera source(frames, stop);
    const RunSummary summary = Run(source);
    EXPECT_TRUE(summary.stopped);
    EXPECT_EQ(sinks_,
              frames == 0 ? (SinkLog{"close", "gone"}) : (SinkLog{"0", "1", "close", "gone"}));
  }
}

TEST_F(RunClientTest, ASinkThatThrowsEndsTheRun) {
  options_.open_sinks = OpenLoggingSink(sinks_, [](const video::Prediction& prediction) {
    if (prediction.index == 2) throw Error(ErrorCode::kResourceExhausted, "the disk is full");
  });
  ScriptedSource source(9);
  EXPECT_THROW(Run(source), Error);
  EXPECT_EQ(source.read(), 3);
  EXPECT_EQ(sinks_, (SinkLog{"0", "1", "gone"}));
}

TEST_F(RunClientTest, ASinkThatNobodyReadsStopsTheRun) {
  options_.open_sinks = OpenLoggingSink(sinks_, [](const video::Prediction& prediction) {
    if (prediction.index == 2)
      throw Error(ErrorCode::kCancelled, "nobody reads the lines any more");
  });
  ScriptedSource source(9);
  const RunSummary summary = Run(source);
  EXPECT_TRUE(summary.stopped);
  EXPECT_EQ(summary.frames, 2u);
  EXPECT_EQ(sinks_, (SinkLog{"0", "1", "close", "gone"}));
}

TEST_F(RunClientTest, ABrokenSourceEndsTheRun) {
  ScriptedSource source(9, 1);
  EXPECT_THROW(Run(source), Error);
  EXPECT_EQ(sinks_, (SinkLog{"0", "gone"}));
}

TEST_F(RunClientTest, ASourceWithoutFramesIsAnError) {
  ScriptedSource source(0);
  try {
    Run(source);
    ADD_FAILURE() << "it ran";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
  }
}

}  // namespace
}  // namespace shadowtutor::app
