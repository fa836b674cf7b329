#include "watch/top_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace shadowtutor::watch {
namespace {

ServerState Example() {
  ServerState state;
  state.version = "0.2.0";
  state.teacher = "IS-Net";
  state.policy = "balanced";
  state.ready = true;
  state.uptime_s = 200;
  state.teacher_load = {.threads = 1, .queued = 2, .busy_10s = 0.5, .busy_60s = 0.25};
  state.trainer_load = {.threads = 4, .busy_10s = 1, .busy_60s = 1, .idle_10s = 0.1};
  WatchedSession one;
  one.id = "6f00aa11-1";
  one.device = "camera-1";
  one.width = 1280;
  one.height = 720;
  one.age_s = 150;
  one.frames = 12;
  one.bytes_up = 123'456;
  one.bytes_down = 4'000'000;
  one.metric = 0.9;
  one.stride = 32;
  one.teacher_wait_ms = 5;
  one.teacher_ms = 250.4;
  one.training_wait_ms = 0.3;
  one.training_ms = 80;
  WatchedSession two;
  two.id = "6f00aa11-2";
  two.client = "192.0.2.1";
  two.segments = true;
  two.width = 640;
  two.height = 480;
  two.age_s = 3;
  two.frames = 999;
  state.sessions = {two, one};
  return state;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// Those of the sessions' rows, in their order.
std::vector<std::string> Ids(const ServerState& state, TopSort sort) {
  std::vector<std::string> ids;
  for (const std::string& line : TopLines("a", state, {sort, 0, 0})) {
    if (line.starts_with("6f00aa11-")) ids.push_back(line.substr(0, 10));
  }
  return ids;
}

TEST(TopTable, ShowsAllWhereThereIsRoom) {
  EXPECT_EQ(Joined(TopLines("http://127.0.0.1:8080", Example(), {})),
            "ShadowTutor 0.2.0 at http://127.0.0.1:8080, up 3 min; policy balanced; IS-Net\n"
            "teacher  [##########          ]  50 % of 10 s,  25 % of 60 s, 2 wait\n"
            "training [####################] 100 % of 10 s, 100 % of 60 s, 0 wait, 4 at a time, "
            "idle work "
            "10 %\n"
            "0 key frames, 0 failed; 0 sessions refused; 0 bytes up, 0 down; 2 sessions by age\n"
            "\n"
            "SESSION     CLIENT         SIZE  FRAMES   mIoU  STRIDE  T-WAIT  TEACHER  L-WAIT  "
            "TRAIN    UP  "
            "DOWN    AGE\n"
            "6f00aa11-1  camera-1   1280x720      12  0.900      32       5      250       0     "
            "80  123k  "
            "4.0M  2 min\n"
            "6f00aa11-2  192.0.2.1   640x480    *999      -       -       -        -       -      "
            "-     0  "
            "   0    3 s\n");
}

TEST(TopTable, FitsAnyTerminal) {
  ServerState state = Example();
  state.sessions[0].device = "k\xc3\xa4mera";  // two bytes, one character
  for (int i = 0; i < 50; ++i) state.sessions.push_back(state.sessions[0]);
  for (const int width : {1, 10, 20, 40, 80, 120, 300}) {
    for (const int height : {1, 3, 6, 7, 8, 24, 55, 100}) {
      const auto lines = TopLines("https://a.example:8443", state, {TopSort::kAge, width, height});
      EXPECT_LE(lines.size(), static_cast<size_t>(height));
      for (const std::string& line : lines) {
        const auto shown = std::count_if(line.begin(), line.end(), [](char c) {
          return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
        });
        EXPECT_LE(shown, width) << line;
      }
    }
  }
}

TEST(TopTable, LeavesOutWhatMattersLeast) {
  const auto lines = TopLines("a", Example(), {TopSort::kAge, 60, 0});
  EXPECT_EQ(lines.at(5), "SESSION     CLIENT     FRAMES   mIoU  STRIDE    UP    AGE");
  EXPECT_EQ(TopLines("a", Example(), {TopSort::kAge, 8, 0}).at(5), "SESSION");
}

TEST(TopTable, TellsOfSessionsThatDoNotFit) {
  ServerState state = Example();
  for (int i = 0; i < 8; ++i) state.sessions.push_back(state.sessions[0]);
  const auto lines = TopLines("a", state, {TopSort::kAge, 80, 10});
  ASSERT_EQ(lines.size(), 10u);
  EXPECT_EQ(lines.back(), "... 7 more");
  EXPECT_EQ(TopLines("a", state, {TopSort::kAge, 80, 16}).size(), 16u);
  EXPECT_EQ(TopLines("a", state, {TopSort::kAge, 80, 16}).back().substr(0, 8), "6f00aa11");
}

TEST(TopTable, Sorts) {
  using Order = std::vector<std::string>;
  ServerState state = Example();
  WatchedSession three = state.sessions[1];
  three.id = "6f00aa11-3";
  three.metric = 0.2;
  three.age_s = 10;
  three.teacher_wait_ms = 1000;
  three.bytes_up = 0;
  state.sessions.push_back(three);
  EXPECT_EQ(Ids(state, TopSort::kAge), (Order{"6f00aa11-1", "6f00aa11-3", "6f00aa11-2"}));
  EXPECT_EQ(Ids(state, TopSort::kMetric), (Order{"6f00aa11-3", "6f00aa11-1", "6f00aa11-2"}));
  EXPECT_EQ(Ids(state, TopSort::kWait), (Order{"6f00aa11-3", "6f00aa11-1", "6f00aa11-2"}));
  EXPECT_EQ(Ids(state, TopSort::kBytes), (Order{"6f00aa11-1", "6f00aa11-3", "6f00aa11-2"}));
  EXPECT_EQ(Ids(state, TopSort::kFrames), (Order{"6f00aa11-2", "6f00aa11-1", "6f00aa11-3"}));
}

TEST(TopTable, SaysThatAServerShutsDown) {
  ServerState state = Example();
  state.ready = false;
  EXPECT_NE(TopLines("a", state, {}).at(0).find("SHUTTING DOWN"), std::string::npos);
}

TEST(TopTable, AgesAndBytesAreShort) {
  EXPECT_EQ(AgeText(0), "0 s");
  EXPECT_EQ(AgeText(59.9), "59 s");
  EXPECT_EQ(AgeText(3599), "59 min");
  EXPECT_EQ(AgeText(3 * 3600 + 5 * 60), "3 h 05");
  EXPECT_EQ(AgeText(86400 * 2 + 3600 * 4), "2 d 4 h");
  EXPECT_EQ(AgeText(86400 * 1000.0), "1000 d");
  EXPECT_EQ(AgeText(-5), "0 s");
  EXPECT_EQ(BytesText(0), "0");
  EXPECT_EQ(BytesText(999), "999");
  EXPECT_EQ(BytesText(1000), "1.0k");
  EXPECT_EQ(BytesText(12'345), "12k");
  EXPECT_EQ(BytesText(999'499), "999k");
  EXPECT_EQ(BytesText(999'500), "1.0M");
  EXPECT_EQ(BytesText(123'000'000'000), "123G");
}

}  // namespace
}  // namespace shadowtutor::watch
