#include "eval/live/live_results.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "eval/live/sweep.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval::live {
namespace {

namespace fs = std::filesystem;

app::RunSummary Summary() {
  app::RunSummary summary;
  summary.frames = 100;
  summary.seconds = 16;
  summary.key_frames = 8;
  summary.distillation_steps = 30;
  summary.mean_miou = 0.75;
  summary.bytes_up = 22118400;
  summary.bytes_down = 3311232;
  summary.bytes_students = 300000;
  summary.student_ms = 7;
  summary.teacher_ms = 43;
  summary.step_ms = 12;
  summary.device_mean_ms = 143;
  summary.teacher_mean_ms = 44;
  summary.step_mean_ms = 13;
  return summary;
}

class LiveResultsTest : public testing::Test {
 protected:
  LiveResultsTest() {
    fs::remove_all(request_.folder);
    fs::create_directories(request_.folder);
    run_ = RunOf(Summary());
    run_.strategy = run_.label = "partial";
    run_.bandwidth_mbit = 80;
  }
  nlohmann::json Results() const {
    const auto bytes = ReadFile(request_.folder / "results.json", 1 << 20);
    return nlohmann::json::parse(bytes.begin(), bytes.end());
  }
  SweepRequest request_{.source = "clip.mp4",
                        .clip = "clip",
                        .card = "card.yaml",
                        .folder = fs::path(testing::TempDir()) / "live_results_test"};
  LiveRun run_;
};

TEST_F(LiveResultsTest, ASummaryBecomesARun) {
  EXPECT_EQ(run_.frames, 100u);
  EXPECT_DOUBLE_EQ(run_.fps(), 6.25);
  EXPECT_DOUBLE_EQ(run_.mbit_per_second(), (22118400 + 3311232) * 8 / 16e6);
  EXPECT_EQ(run_.bytes_students, 300000u);
  EXPECT_EQ(run_.teacher_ms, 44);
  EXPECT_EQ(run_.step_ms, 13);
  EXPECT_EQ(run_.mean_miou, 0.75);
  EXPECT_EQ(run_.device_ms, 143);
  EXPECT_EQ(run_.student_ms, 7);
  EXPECT_FALSE(run_.codec_ms);
}

TEST_F(LiveResultsTest, RunsAreJudgedByTheBounds) {
  JudgeByBounds(request_, 1, run_);
  ASSERT_TRUE(run_.within);
  EXPECT_TRUE(*run_.within);
  EXPECT_TRUE(run_.why_not.empty());
  EXPECT_LT(run_.fps_bounds->low, 6.25);
  EXPECT_GT(run_.fps_bounds->high, 6.25);
  LiveRun slow = run_;
  slow.seconds = 60;
  JudgeByBounds(request_, 1, slow);
  EXPECT_FALSE(*slow.within);
  EXPECT_NE(slow.why_not.find("below the lower bound"), std::string::npos) << slow.why_not;
  LiveRun unknown = run_;
  unknown.teacher_ms.reset();
  unknown.within.reset();
  JudgeByBounds(request_, 1, unknown);
  EXPECT_FALSE(unknown.within);
}

TEST_F(LiveResultsTest, WhatIsSavedIsFoundAgainByTheSameParametersAlone) {
  JudgeByBounds(request_, 1, run_);
  EXPECT_TRUE(LoadRuns(request_, "limit", "t").empty());
  SaveRuns(request_, "limit", "t", {run_});
  const auto found = LoadRuns(request_, "limit", "t");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].strategy, "partial");
  EXPECT_EQ(found[0].seconds, run_.seconds);
  EXPECT_EQ(found[0].fps_bounds->low, run_.fps_bounds->low);
  EXPECT_EQ(found[0].within, run_.within);
  EXPECT_EQ(found[0].bytes_students, 300000u);
  EXPECT_FALSE(found[0].link);
  EXPECT_TRUE(Results()["live"]["runs"][0]["link_bytes_up"].is_null());
  EXPECT_TRUE(LoadRuns(request_, "namespaces", "t").empty());
  EXPECT_TRUE(LoadRuns(request_, "limit", "another").empty());
  SweepRequest other = request_;
  other.max_fps = 7;
  EXPECT_TRUE(LoadRuns(other, "limit", "t").empty());
  other = request_;
  other.tls = true;
  EXPECT_TRUE(LoadRuns(other, "limit", "t").empty());
  EXPECT_TRUE(fs::exists(request_.folder / "live.csv"));
}

TEST_F(LiveResultsTest, WhatCrossedTheLinkIsKeptAndSaidWhatItAdds) {
  run_.link = LinkCount{.bytes_up = 22118400 * 2,
                        .bytes_down = 3311232 + 300000,
                        .packets_up = 30000,
                        .packets_down = 9000};
  EXPECT_DOUBLE_EQ(run_.added_up().value(), 1);
  EXPECT_DOUBLE_EQ(run_.added_down().value(), 0);
  SaveRuns(request_, "namespaces", "t", {run_});
  const auto found = LoadRuns(request_, "namespaces", "t");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].link, run_.link);
  const auto saved = Results()["live"]["runs"][0];
  EXPECT_EQ(saved["link_bytes_up"], 44236800);
  EXPECT_EQ(saved["link_packets_down"], 9000);
  const auto csv = ReadFile(request_.folder / "live.csv", 1 << 20);
  EXPECT_NE(std::string(csv.begin(), csv.end()).find(",300000,44236800,3611232,30000,9000,"),
            std::string::npos);
}

TEST_F(LiveResultsTest, AllElseInTheFileStays) {
  const auto file = request_.folder / "results.json";
  WriteFileAtomically(file,
                      R"({"shadowtutor": "9", "runs": [{"label": "P-1"}], "live": {"x": 1}})");
  SaveRuns(request_, "limit", "t", {run_});
  const auto results = Results();
  EXPECT_EQ(results["shadowtutor"], "9");
  EXPECT_EQ(results["runs"][0]["label"], "P-1");
  EXPECT_EQ(results["live"]["link"], "limit");
  EXPECT_EQ(results["live"]["runs"][0]["bandwidth_mbit"], 80);
  WriteFileAtomically(file, "not JSON");
  EXPECT_THROW(SaveRuns(request_, "limit", "t", {run_}), Error);
}

TEST(LiveStrategies, NaiveStandsForAllThreeAndEachRunsOnce) {
  EXPECT_EQ(ChooseLiveStrategies({"partial", "naive", "naive-raw"}),
            (std::vector<std::string>{"partial", "naive-raw", "naive-jpeg", "naive-h264"}));
  EXPECT_THROW(ChooseLiveStrategies({"tracking"}), Error);
}

}  // namespace
}  // namespace shadowtutor::eval::live
