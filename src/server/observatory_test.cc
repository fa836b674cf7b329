#include "server/observatory.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "wire/messages.h"

namespace shadowtutor::server {
namespace {

using namespace std::chrono_literals;
using Clock = Observatory::Clock;

constexpr Clock::time_point kStart{1000s};

distill::ScheduleOptions ByMetric() {
  return {.trigger = distill::Trigger::kMetric,
          .stride = {.threshold = 0.8, .min_stride = 8, .max_stride = 64}};
}

wire::Update Answer(uint64_t frame_index, double metric, int steps = 4) {
  wire::Update update;
  update.frame_index = frame_index;
  update.initial_metric = metric / 2;
  update.metric = metric;
  update.steps = steps;
  update.new_version = frame_index + 1;
  update.payload.resize(100);
  update.teacher_ms = 20;
  update.train_ms = 30;
  return update;
}

WatchedFrame Pictures(uint64_t frame_index) {
  return {.frame_index = frame_index, .frame = Image(4, 2), .label = LabelMap(4, 2)};
}

TEST(Observatory, RemembersAnswersAndTheirParts) {
  Observatory observatory(kStart);
  observatory.Answered("unknown", Answer(0, 1), {}, kStart);
  EXPECT_FALSE(observatory.Find("unknown", kStart));
  observatory.Opened("a", ByMetric());
  EXPECT_TRUE(observatory.Latest().empty());
  const KeyFrameWaits waits{.teacher_wait_ms = 1, .training_wait_ms = 2, .bytes_up = 500};
  observatory.Answered("a", Answer(7, 0.9), waits, kStart + 1500ms);
  wire::Update part = Answer(7, 0.95, 3);
  part.new_version = 20;
  observatory.PartSent("a", part);
  observatory.PartSent("a", Answer(6, 0.1)) /* of an earlier one: not counted */;
  const auto view = observatory.Find("a", kStart);
  ASSERT_TRUE(view);
  ASSERT_EQ(view->history.records().size(), 1u);
  const KeyFrameRecord& record = view->history.records()[0];
  EXPECT_EQ(record.at_s, 1.5);
  EXPECT_EQ(record.frame_index, 7u);
  EXPECT_EQ(record.metric_before, 0.45);
  EXPECT_EQ(record.metric_after, 0.95);
  EXPECT_EQ(record.steps, 7);
  EXPECT_EQ(record.parts, 2);
  EXPECT_EQ(record.teacher_wait_ms, 1);
  EXPECT_EQ(record.teacher_ms, 20);
  EXPECT_EQ(record.training_wait_ms, 2);
  EXPECT_EQ(record.training_ms, 60);
  EXPECT_EQ(record.bytes_up, 500u);
  EXPECT_EQ(record.bytes_down, 200u);
  EXPECT_EQ(record.version, 20u);
  EXPECT_EQ(observatory.Latest().at("a").version, 20u);
  observatory.Ended("a");
  EXPECT_FALSE(observatory.Find("a", kStart));
}

TEST(Observatory, ReckonsTheStrideAsTheClientDoes) {
  Observatory observatory(kStart);
  observatory.Opened("metric", ByMetric());
  distill::ScheduleOptions schedule = ByMetric();
  int stride = schedule.stride.min_stride;
  for (const double metric : {0.95, 0.9, 0.5, 0.99}) {
    observatory.Answered("metric", Answer(0, metric), {}, kStart);
    stride = distill::NextStride(stride, metric, schedule.stride);
    EXPECT_EQ(observatory.Latest().at("metric").stride, stride);
  }
  schedule.trigger = distill::Trigger::kChange;
  observatory.Opened("change", schedule);
  const auto stride_after = [&](uint64_t frame_index) {
    observatory.Answered("change", Answer(frame_index, 0.9), {}, kStart);
    return observatory.Latest().at("change").stride;
  };
  EXPECT_EQ(stride_after(0), 8);
  EXPECT_EQ(stride_after(30), 30);
  EXPECT_EQ(stride_after(32), 8);
  EXPECT_EQ(stride_after(1000), 64);
  EXPECT_EQ(stride_after(3), 64) << "frames are counted anew";
}

TEST(Observatory, KeepsABoundedNumberOfEverything) {
  Observatory observatory(kStart);
  observatory.Opened("a", ByMetric());
  for (uint64_t i = 0; i < 1000; ++i) {
    observatory.Answered("a", Answer(i, 0.9), {}, kStart);
    observatory.Note({.kind = Event::Kind::kRefused,
                      .client = std::string(1000, 'c'),
                      .session = std::string(1000, 's'),
                      .sentence = std::to_string(i) + std::string(5000, 'x')});
  }
  const auto view = observatory.Find("a", kStart);
  EXPECT_EQ(view->history.records().size(), SessionHistory::kMost);
  EXPECT_EQ(view->history.records().back().frame_index, 999u);
  EXPECT_EQ(view->history.answered(), 1000u);
  const std::vector<Event> events = observatory.Events();
  ASSERT_EQ(events.size(), Observatory::kMostEvents);
  EXPECT_TRUE(events[0].sentence.starts_with("999x")) << "the latest first";
  size_t bytes = 0;
  for (const Event& event : events) {
    bytes += sizeof event + event.sentence.capacity() + event.client.capacity() +
             event.session.capacity();
  }
  EXPECT_LE(bytes, Observatory::kMostEvents * 1000);
}

TEST(Observatory, TheSameOverAndOverIsOneEvent) {
  Observatory observatory(kStart);
  const Event full{.kind = Event::Kind::kRefused,
                   .code = ErrorCode::kResourceExhausted,
                   .client = "192.0.2.7",
                   .sentence = "full"};
  for (int i = 0; i < 3; ++i) {
    observatory.Note(full);
    observatory.Note({.kind = Event::Kind::kServer, .sentence = "else\x1b"});
  }
  const std::vector<Event> events = observatory.Events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].sentence, "else\\x1b");
  EXPECT_EQ(events[0].times, 3u);
  EXPECT_EQ(events[1].times, 3u);
  EXPECT_EQ(events[1].client, "192.0.2.7");
}

TEST(Observatory, HasPicturesOfWatchedSessionsAlone) {
  Observatory observatory(kStart);
  observatory.Opened("a", ByMetric());
  EXPECT_FALSE(observatory.Watched("a", kStart));
  observatory.Show("a", Pictures(1), kStart);
  EXPECT_FALSE(observatory.Find("a", kStart)->pictures);
  EXPECT_FALSE(observatory.Watch("unknown", kStart));
  EXPECT_TRUE(observatory.Watch("a", kStart));
  EXPECT_TRUE(observatory.Watched("a", kStart + 14s));
  observatory.Show("a", Pictures(2), kStart + 14s);
  const auto view = observatory.Find("a", kStart + 14s);
  ASSERT_TRUE(view->pictures);
  EXPECT_TRUE(view->watched);
  EXPECT_EQ(view->pictures->frame_index, 2u);
  // A later part changes the prediction of that frame alone.
  observatory.ShowAfter("a", 1, LabelMap(4, 2, 1));
  EXPECT_TRUE(observatory.Find("a", kStart)->pictures->after.empty());
  observatory.ShowAfter("a", 2, LabelMap(4, 2, 1));
  const auto changed = observatory.Find("a", kStart);
  EXPECT_EQ(changed->pictures->after, LabelMap(4, 2, 1));
  EXPECT_NE(changed->pictures_version, view->pictures_version);
  EXPECT_TRUE(view->pictures->after.empty()) << "what was handed out stays as it was";
  observatory.Tick(kStart + 14s);
  EXPECT_TRUE(observatory.Find("a", kStart)->pictures);
  observatory.Tick(kStart + 15s);
  EXPECT_FALSE(observatory.Find("a", kStart)->pictures);
}

TEST(Observatory, FewSessionsAreWatchedAtATime) {
  Observatory observatory(kStart);
  for (size_t i = 0; i <= Observatory::kMostWatched; ++i) {
    observatory.Opened(std::to_string(i), ByMetric());
    EXPECT_EQ(observatory.Watch(std::to_string(i), kStart), i < Observatory::kMostWatched);
  }
  EXPECT_TRUE(observatory.Watch("0", kStart)) << "who is watched stays so";
  observatory.Tick(kStart + 1min);
  EXPECT_TRUE(observatory.Watch(std::to_string(Observatory::kMostWatched), kStart + 1min));
}

}  // namespace
}  // namespace shadowtutor::server
