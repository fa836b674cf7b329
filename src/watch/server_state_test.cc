#include "watch/server_state.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "core/testing/code_of.h"
#include "shadowtutor/types.h"

namespace shadowtutor::watch {
namespace {

constexpr char kState[] = R"({"uptime_s":100.5,
  "server":{"version":"0.2.0","teacher":"t\n","policy":"balanced","ready":true,"key_frames":7,
            "key_frames_failed":1,"sessions_refused":2,"bytes_up":10,"bytes_down":20},
  "load":{"teacher":{"threads":1,"running":1,"queued":3,"busy_10s":0.5,"busy_60s":0.25},
          "trainer":{"threads":2}},
  "refused":{},"sessions":[
  {"id":"ab-1","client":"192.0.2.1","device":"cam\u001b[2J","kind":"tutor","width":640,"height":480,
   "opened_s":40,"key_frames":5,"bytes_up":100,"bytes_down":50,"metric":0.75,"stride":16,
   "last":{"teacher_wait_ms":1.5,"teacher_ms":20,"training_wait_ms":0.1,"training_ms":30}},
  {"id":"ab-2","kind":"segment","frames_segmented":9,"metric":null,"stride":null,"last":null},
  7]})";

TEST(ServerState, IsWhatTheServerSays) {
  const ServerState state = ParseServerState(kState);
  EXPECT_EQ(state.version, "0.2.0");
  EXPECT_EQ(state.teacher, "t\\n") << "safe for a terminal";
  EXPECT_TRUE(state.ready);
  EXPECT_EQ(state.refused, 2u);
  EXPECT_EQ(state.teacher_load.queued, 3u);
  EXPECT_EQ(state.teacher_load.busy_60s, 0.25);
  EXPECT_EQ(state.trainer_load.threads, 2);
  ASSERT_EQ(state.sessions.size(), 2u);
  const WatchedSession& first = state.sessions[0];
  EXPECT_EQ(first.device, "cam\\x1b[2J");
  EXPECT_EQ(first.age_s, 60.5);
  EXPECT_EQ(first.metric, 0.75);
  EXPECT_EQ(first.stride, 16);
  EXPECT_EQ(first.teacher_wait_ms, 1.5);
  EXPECT_TRUE(state.sessions[1].segments);
  EXPECT_EQ(state.sessions[1].frames, 9u);
  EXPECT_FALSE(state.sessions[1].metric);
  EXPECT_FALSE(state.sessions[1].teacher_ms);
}

TEST(ServerState, NumbersThatMakeNoSenseAreNone) {
  auto json = nlohmann::json::parse(kState);
  json["sessions"][0]["bytes_up"] = -5;
  json["sessions"][0]["width"] = 1e300;
  json["sessions"][0]["client"] = 7;
  json["load"] = "none";
  json["uptime_s"] = "long";
  const ServerState state = ParseServerState(json.dump());
  EXPECT_EQ(state.sessions[0].bytes_up, 0u);
  EXPECT_EQ(state.sessions[0].width, 0);
  EXPECT_EQ(state.sessions[0].client, "");
  EXPECT_EQ(state.sessions[0].age_s, 0);
}

TEST(ServerState, OtherProgramsSayNoneOfIt) {
  for (const char* other :
       {"", "<html>", "7", "[]", "{}", R"({"server":{},"load":{}})",
        R"({"server":[],"load":{},"sessions":[]})", R"({"server":{},"load":{},"sessions":{}})"}) {
    EXPECT_EQ(CodeOf([&] { ParseServerState(other); }), ErrorCode::kFailedPrecondition) << other;
  }
}

}  // namespace
}  // namespace shadowtutor::watch
