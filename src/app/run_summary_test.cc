#include "app/run_summary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "shadowtutor/types.h"

namespace shadowtutor::app {
namespace {

RunSummary Example() {
  RunSummary summary;
  summary.frames = 600;
  summary.seconds = 30;
  summary.key_frames = 12;
  summary.key_frames_lost = 1;
  summary.sessions = 3;
  summary.moves = 2;
  summary.distillation_steps = 40;
  summary.bytes_up = 1'000'000;
  summary.bytes_down = 2'000'000;
  summary.bytes_students = 300'000;
  summary.naive_bytes_up = 216'000'000;
  summary.naive_bytes_down = 72'000'000;
  summary.bytes_first_student = 300'000;
  summary.student_ms = 12.5;
  summary.encode_mean_ms = 2.5;
  summary.encode_most_ms = 9;
  summary.teacher_ms = 640;
  summary.last_metric = 0.875;
  return summary;
}

TEST(RunSummary, JsonHasTheKeysInOrderAndNullsForWhatWasNotMeasured) {
  const auto json = nlohmann::ordered_json::parse(ToJson(Example()));
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_EQ(keys, (std::vector<std::string>{"frames",
                                            "fps",
                                            "seconds",
                                            "key_frames",
                                            "key_frame_ratio",
                                            "key_frames_held_back",
                                            "key_frames_lost",
                                            "sessions",
                                            "moves",
                                            "distillation_steps",
                                            "mean_miou",
                                            "bytes_up",
                                            "bytes_down",
                                            "bytes_students",
                                            "bytes_first_student",
                                            "naive_bytes_up",
                                            "naive_bytes_down",
                                            "student_ms",
                                            "encode_mean_ms",
                                            "encode_most_ms",
                                            "teacher_ms",
                                            "step_ms",
                                            "update_ms",
                                            "update_swap_ms",
                                            "device_mean_ms",
                                            "teacher_mean_ms",
                                            "step_mean_ms",
                                            "last_metric",
                                            "policy"}));
  EXPECT_EQ(json["frames"], 600);
  EXPECT_EQ(json["fps"], 20.0);
  EXPECT_EQ(json["key_frame_ratio"], 0.02);
  EXPECT_EQ(json["naive_bytes_up"], 216'000'000);
  EXPECT_EQ(json["student_ms"], 12.5);
  EXPECT_EQ(json["bytes_first_student"], 300'000);
  EXPECT_EQ(json["encode_mean_ms"], 2.5);
  EXPECT_EQ(json["encode_most_ms"], 9.0);
  EXPECT_TRUE(json["step_ms"].is_null());
  EXPECT_TRUE(json["mean_miou"].is_null());
}

TEST(RunSummary, TextSaysWhatItMeans) {
  auto summary = Example();
  EXPECT_NE(ToText(summary).find("20.0 frames/s"), std::string::npos);
  EXPECT_NE(ToText(summary).find("12 key frames (2.0 %)"), std::string::npos);
  EXPECT_NE(ToText(summary).find("1.04 % of sending every frame"), std::string::npos);
  EXPECT_NE(ToText(summary).find("0.29 MiB more for the student"), std::string::npos);
  EXPECT_NE(ToText(summary).find("12.5 ms a frame; encoding 2.5 ms a key frame, 9.0 ms at most"),
            std::string::npos);
  EXPECT_EQ(ToText(summary).find("mean IoU"), std::string::npos);
  summary.bytes_first_student = 0;
  EXPECT_NE(ToText(summary).find("nothing for the student at the start"), std::string::npos);
  summary.mean_miou = 0.9;
  EXPECT_NE(ToText(summary).find("mean IoU against the teacher 90.0 %"), std::string::npos);
}

TEST(RunSummary, NothingRunIsNoDivisionByZero) {
  const auto json = nlohmann::json::parse(ToJson(RunSummary{}));
  EXPECT_EQ(json["fps"], 0);
  EXPECT_EQ(json["key_frame_ratio"], 0);
  EXPECT_NE(ToText(RunSummary{}), "");
}

TEST(RunSummary, SegmentHasFiguresOfItsOwn) {
  RunSummary summary = Example();
  summary.segment = "h264";
  summary.round_trip_ms = 80.25;
  summary.frames_failed = 3;
  const auto json = nlohmann::json::parse(ToJson(summary));
  EXPECT_EQ(json["offload"], "h264");
  EXPECT_EQ(json["round_trip_ms"], 80.25);
  EXPECT_EQ(json["frames_failed"], 3);
  const std::string text = ToText(summary);
  EXPECT_NE(text.find("sent as h264; 3 failed"), std::string::npos) << text;
  EXPECT_NE(text.find("labels are back after 80.2 ms"), std::string::npos) << text;
  EXPECT_EQ(text.find("key frames"), std::string::npos) << text;
  EXPECT_NE(text.find("3 sessions, 2 of them ended"), std::string::npos) << text;
}

TEST(RunSummary, WhatIsReadIsWhatWasWritten) {
  RunSummary summary = Example();
  summary.device_mean_ms = 13;
  summary.step_mean_ms = 1.0 / 3;
  summary.update_swap_ms = 0.015625;
  summary.policy = "best";
  RunSummary read = ParseRunSummary(ToJson(summary));
  EXPECT_EQ(ToJson(read), ToJson(summary));
  EXPECT_EQ(read.frames, 600u);
  EXPECT_EQ(read.bytes_students, 300'000u);
  EXPECT_EQ(read.key_frames_lost, 1u);
  EXPECT_EQ(read.sessions, 3u);
  EXPECT_EQ(read.moves, 2u);
  EXPECT_EQ(read.policy, "best");
  EXPECT_EQ(read.step_mean_ms, 1.0 / 3);
  EXPECT_FALSE(read.round_trip_ms);
  EXPECT_TRUE(read.segment.empty());

  summary.segment = "raw";
  summary.round_trip_ms = 80.25;
  summary.codec_mean_ms = 2;
  summary.frames_failed = 3;
  read = ParseRunSummary(ToJson(summary));
  EXPECT_EQ(ToJson(read), ToJson(summary));
  EXPECT_EQ(read.segment, "raw");
  EXPECT_EQ(read.codec_mean_ms, 2);
}

TEST(RunSummary, AnythingElseIsRefused) {
  for (const char* bad : {"", "[]", "{}", "{\"frames\": \"many\"}"}) {
    EXPECT_THROW(ParseRunSummary(bad), Error) << bad;
  }
}

}  // namespace
}  // namespace shadowtutor::app
