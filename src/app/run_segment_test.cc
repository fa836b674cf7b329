// What a run does with a server that segments every frame: answers, losses, stops. Over scripted
// connections; tests/segment_test.cc has real ones.
#include "app/run_segment.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "app/testing/scripted_run.h"
#include "video/testing/test_files.h"

namespace shadowtutor::app {
namespace {

using testing::OpenLoggingSink;
using testing::ScriptedSource;
using testing::SinkLog;

constexpr int kNever = -1;

struct Script {
  std::optional<ErrorCode> refuses = {};  // instead of a welcome
  bool welcomes = true;
  int lost_after = kNever;  // so many answers
  bool moves = false;       // is lost because the server asks to connect again
  int fails_at = kNever;    // this frame gets an error for an answer
  wire::VideoCodec codec = wire::VideoCodec::kJpeg;
  // Takes one frame at a time, and after so many answers it ends, as with a silent client.
  int idle_after = kNever;
};

// Allows two unanswered frames and labels each frame with its index.
class ScriptedConnection : public SegmentConnection {
 public:
  ScriptedConnection(const Script& script, std::vector<uint64_t>& sent)
      : script_(script), sent_(sent) {
    welcome_.background = 7;
    welcome_.video_codec = script.codec;
  }
  bool WaitForWelcome(std::chrono::milliseconds) override {
    if (script_.refuses) throw Error(*script_.refuses, "refused");
    return script_.welcomes;
  }
  const wire::SegmentWelcome& welcome() const override { return welcome_; }
  bool CanSend() const override {
    if (script_.idle_after != kNever) return unanswered_.empty() && answers_ < script_.idle_after;
    return unanswered_.size() < 2;
  }
  void Send(ImageView frame, uint64_t index) override {
    sent_.push_back(index);
    unanswered_.push_back({.frame_index = index,
                           .labels = LabelMap(frame.width, frame.height, index),
                           .error = {},
                           .teacher_ms = 10,
                           .codec_ms = 1,
                           .round_trip_ms = 20});
    stats_.bytes_up += 100;
  }
  std::optional<rpc::SegmentLink::Answer> Receive(std::chrono::milliseconds) override {
    if (script_.lost_after == answers_) throw Error(ErrorCode::kUnavailable, "lost");
    if (script_.idle_after == answers_ && unanswered_.empty()) {
      throw Error(ErrorCode::kDeadlineExceeded, "the client was silent");
    }
    if (unanswered_.empty()) return std::nullopt;
    ++answers_;
    auto answer = std::move(unanswered_.front());
    unanswered_.pop_front();
    if (static_cast<int>(answer.frame_index) == script_.fails_at) {
      answer.labels.reset();
      answer.error = "the teacher failed";
    }
    stats_.bytes_down += 10;
    return answer;
  }
  bool moves() const override { return script_.moves; }
  rpc::SegmentLinkStats stats() const override { return stats_; }

 private:
  const Script script_;
  std::vector<uint64_t>& sent_;
  wire::SegmentWelcome welcome_;
  std::deque<rpc::SegmentLink::Answer> unanswered_;
  int answers_ = 0;
  rpc::SegmentLinkStats stats_;
};

class RunSegmentTest : public ::testing::Test {
 protected:
  RunSegmentTest() {
    options_.open_sinks = OpenLoggingSink(sinks_, [this](const video::Prediction& prediction) {
      labels_.push_back(prediction.labels->at(0, 0));
    });
    options_.log = [this](const std::string& line) { log_ += line + "\n"; };
  }
  // Each connection follows the next script.
  RunSummary Run(video::Source& source) {
    return RunSegment(source, options_, [&](const rpc::SegmentLinkOptions& link) {
      EXPECT_EQ(link.frame_size, source.size());
      EXPECT_EQ(link.frames_per_second, 25);
      return std::make_unique<ScriptedConnection>(scripts_.at(connections_++), sent_);
    });
  }

  SegmentRunOptions options_;
  std::vector<Script> scripts_ = {{}};
  size_t connections_ = 0;
  std::vector<uint64_t> sent_;
  SinkLog sinks_;
  std::vector<int> labels_;
  std::string log_;
};

TEST_F(RunSegmentTest, EndsWhenTheLastFrameIsAnswered) {
  ScriptedSource source(3);
  const RunSummary summary = Run(source);
  EXPECT_EQ(summary.frames, 3u);
  EXPECT_EQ(summary.key_frames, 3u);
  EXPECT_EQ(summary.segment, "jpeg");
  EXPECT_EQ(summary.bytes_up, 300u);
  EXPECT_EQ(summary.bytes_down, 30u);
  EXPECT_EQ(summary.teacher_ms, 10);
  EXPECT_EQ(summary.round_trip_ms, 20);
  EXPECT_FALSE(summary.stopped);
  EXPECT_EQ(labels_, (std::vector{0, 1, 2}));
  EXPECT_EQ(sinks_, (SinkLog{"0", "1", "2", "close", "gone"}));
}

TEST_F(RunSegmentTest, TakesTheFirstFramesOnlyAndReadsNoMore) {
  options_.max_frames = 2;
  ScriptedSource source(5);
  EXPECT_EQ(Run(source).frames, 2u);
  EXPECT_EQ(source.read(), 2);
}

TEST_F(RunSegmentTest, AFrameThatFailsGetsTheLabelsOfTheOneBefore) {
  scripts_[0].fails_at = 2;
  ScriptedSource source(4);
  const RunSummary summary = Run(source);
  EXPECT_EQ(summary.frames, 4u);
  EXPECT_EQ(summary.frames_failed, 1u);
  EXPECT_EQ(labels_, (std::vector{0, 1, 1, 3}));
  EXPECT_NE(log_.find("the teacher failed"), std::string::npos);
}

TEST_F(RunSegmentTest, AFirstFrameThatFailsIsBackground) {
  scripts_[0].fails_at = 0;
  ScriptedSource source(2);
  Run(source);
  EXPECT_EQ(labels_, (std::vector{7, 1}));
}

TEST_F(RunSegmentTest, WhatALostConnectionLeftUnansweredIsSentAgain) {
  options_.retry = true;
  scripts_ = {{.lost_after = 2}, {}};
  ScriptedSource source(5);
  const RunSummary summary = Run(source);
  EXPECT_EQ(summary.frames, 5u);
  EXPECT_EQ(sent_, (std::vector<uint64_t>{0, 1, 2, 3, 2, 3, 4}));
  EXPECT_EQ(labels_, (std::vector{0, 1, 2, 3, 4}));
  EXPECT_EQ(summary.bytes_up, 700u);  // over both connections
  EXPECT_EQ(source.read(), 5);
  EXPECT_EQ(sinks_.back(), "gone");
  EXPECT_NE(log_.find("lost; connecting again"), std::string::npos) << log_;
}

TEST_F(RunSegmentTest, WithoutRetryALostConnectionIsTheEnd) {
  scripts_ = {{.lost_after = 1}, {}};
  ScriptedSource source(5);
  EXPECT_THROW(Run(source), Error);
  EXPECT_EQ(connections_, 1u);
  EXPECT_EQ(sinks_, (SinkLog{"0", "gone"}));
}

TEST_F(RunSegmentTest, WhileALiveSourceWasGoneTheConnectionMayEnd) {
  class Camera final : public ScriptedSource {
   public:
    using ScriptedSource::ScriptedSource;
    bool live() const override { return true; }
  };
  scripts_ = {{.idle_after = 2}, {}};
  Camera camera(5);
  EXPECT_EQ(Run(camera).frames, 5u);
  EXPECT_EQ(connections_, 2u);
  EXPECT_EQ(sinks_, (SinkLog{"0", "1", "2", "3", "4", "close", "gone"}));

  connections_ = 0;
  ScriptedSource file(5);
  EXPECT_THROW(Run(file), Error);
}

TEST_F(RunSegmentTest, RetryDoesNotInsistOnWhatCannotChange) {
  options_.retry = true;
  scripts_ = {{.refuses = ErrorCode::kInvalidArgument}, {}};
  ScriptedSource source(5);
  EXPECT_THROW(Run(source), Error);
  EXPECT_EQ(connections_, 1u);
  EXPECT_EQ(source.read(), 0);
}

TEST_F(RunSegmentTest, StopsWhileItWaitsForAServer) {
  options_.retry = true;
  options_.stop = [] { return true; };
  ScriptedSource source(5);
  scripts_ = {{.refuses = ErrorCode::kUnavailable}, {.welcomes = false}};
  EXPECT_TRUE(Run(source).stopped);  // in the pause after the refusal
  EXPECT_EQ(connections_, 1u);
  EXPECT_TRUE(Run(source).stopped);  // before the welcome
  EXPECT_EQ(source.read(), 0);
  EXPECT_TRUE(sinks_.empty());
}

TEST_F(RunSegmentTest, AStopBeforeTheNextWelcomeKeepsWhatWasCounted) {
  options_.retry = true;
  options_.stop = [&] { return connections_ == 2; };
  ScriptedSource source(9);
  scripts_ = {{.lost_after = 2}, {.welcomes = false}};
  const RunSummary summary = Run(source);
  EXPECT_TRUE(summary.stopped);
  EXPECT_EQ(summary.frames, 2u);
  EXPECT_EQ(summary.bytes_up, 100 * sent_.size());
  EXPECT_EQ(summary.bytes_down, 20u);
}

TEST_F(RunSegmentTest, AStopClosesTheSinks) {
  options_.stop = [&] { return sinks_.size() == 2; };
  ScriptedSource source(9);
  const RunSummary summary = Run(source);
  EXPECT_TRUE(summary.stopped);
  EXPECT_EQ(summary.frames, 2u);
  EXPECT_EQ(sinks_, (SinkLog{"0", "1", "close", "gone"}));
}

TEST_F(RunSegmentTest, ASinkThatThrowsEndsTheRunDespiteRetry) {
  options_.retry = true;
  options_.open_sinks = OpenLoggingSink(sinks_, [](const video::Prediction& prediction) {
    if (prediction.index == 1) throw Error(ErrorCode::kUnavailable, "the disk is full");
  });
  ScriptedSource source(9);
  EXPECT_THROW(Run(source), Error);
  EXPECT_EQ(connections_, 1u);
  EXPECT_EQ(sinks_, (SinkLog{"0", "gone"}));
}

TEST_F(RunSegmentTest, ASinkThatNobodyReadsStopsTheRun) {
  options_.retry = true;
  options_.open_sinks = OpenLoggingSink(sinks_, [](const video::Prediction& prediction) {
    if (prediction.index == 1)
      throw Error(ErrorCode::kCancelled, "nobody reads the lines any more");
  });
  ScriptedSource source(9);
  EXPECT_TRUE(Run(source).stopped);
  EXPECT_EQ(sinks_, (SinkLog{"0", "close", "gone"}));
}

TEST_F(RunSegmentTest, SinksThatCannotBeOpenedEndTheRunDespiteRetry) {
  options_.retry = true;
  scripts_ = {{}, {}};
  options_.open_sinks = [](const ClassList&, int) -> std::vector<std::unique_ptr<video::Sink>> {
    throw Error(ErrorCode::kUnavailable, "there is no display");
  };
  ScriptedSource source(9);
  EXPECT_THROW(Run(source), Error);
  EXPECT_EQ(connections_, 1u);
  EXPECT_EQ(source.read(), 0);
}

TEST_F(RunSegmentTest, ASourceWithoutFramesIsAnError) {
  ScriptedSource source(0);
  EXPECT_EQ(shadowtutor::testing::ErrorOf([&] { Run(source); }).code(), ErrorCode::kDataLoss);
}

TEST_F(RunSegmentTest, SaysWhenTheServerWantsAnotherCodec) {
  options_.link.video_codec = wire::VideoCodec::kH264;
  ScriptedSource source(1);
  EXPECT_EQ(Run(source).segment, "jpeg");
  EXPECT_NE(log_.find("the server wants frames as jpeg"), std::string::npos) << log_;
}

TEST_F(RunSegmentTest, AServerThatAsksForItIsConnectedToAgain) {
  ScriptedSource source(6);
  scripts_ = {{.lost_after = 2, .moves = true}, {.refuses = ErrorCode::kUnavailable}, {}};
  const RunSummary summary = Run(source);
  EXPECT_EQ(labels_, (std::vector<int>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(summary.sessions, 2u);
  EXPECT_EQ(summary.moves, 1u);
  EXPECT_EQ(connections_, 3u) << "the first of them had ended when it was reached again";
}

}  // namespace
}  // namespace shadowtutor::app
