#include "eval/study/study_results.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "eval/study/csv.h"
#include "eval/study/study_table.h"
#include "video/testing/test_files.h"

namespace shadowtutor::eval {
namespace {

using testing::ReadText;
using testing::TemporaryFolder;
using testing::WriteText;

RunRecord SomeRun(const std::string& clip, const std::string& label, double miou) {
  return {.clip = clip,
          .strategy = "partial",
          .delay = 1,
          .label = label,
          .frames = 4,
          .mean_miou = miou,
          .totals = {.key_frames = 2,
                     .trained_key_frames = 1,
                     .distillation_steps = 5,
                     .bytes_up = 3000,
                     .bytes_down = 1000,
                     .bytes_first_student = 70,
                     .encode_ms = 7.5,
                     .server_ms = 24.5,
                     .delay_frames = 3},
          .frame_codec = "h264",
          .update_codec = "coded",
          .measures = {.first_miou = 0.3,
                       .seconds_to_80 = 2.25,
                       .flicker = 0.0125,
                       .teacher_flicker = 0.005,
                       .new_classes = {.events = 3, .missed = 1, .mean_frames = 4}},
          .miou = {0.25, 0.5, 0.1234, 1},
          .key_frame_indices = {0, 2},
          .strides = {{0, 2}, {3, 4}}};
}

StudyResults SomeResults() {
  StudyResults results;
  results.version = "1.2.3";
  results.command = "shadowtutor eval 'a b'";
  results.student = "fresh, seed 0";
  const ClassList classes = {{"person", {220, 20, 60}}, {"background", {}}};
  for (const char* name : {"one", "two", "th,re\"e"}) {
    results.clips.push_back({.name = name,
                             .camera = "fixed",
                             .scene = std::string(name) == "two" ? "street" : "people",
                             .source = std::string(name) + ".mp4",
                             .teacher = "some teacher",
                             .size = {64, 48},
                             .frames_per_second = 25,
                             .frames = 4,
                             .classes = classes,
                             .background = 1});
  }
  results.runs = {SomeRun("one", "P-1", 0.25), SomeRun("two", "P-1", 0.5),
                  SomeRun("th,re\"e", "P-1", 0.75), SomeRun("one", "wild", 0.125)};
  results.samples = {{"one", 2, {{"input", "samples/one_000002_input.jpg"}}}};
  return results;
}

TEST(StudyResults, StoredRecordsComeBackAsTheyWere) {
  RunRecord run = SomeRun("one", "P-1", 0.1 + 0.2);
  const RunRecord back = ParseRun(RunJson(run));
  EXPECT_EQ(back.mean_miou, run.mean_miou);  // to the last bit
  EXPECT_EQ(RunJson(back), RunJson(run));
  EXPECT_EQ(back.measures, run.measures);
  EXPECT_EQ(back.totals.encode_ms_per_key_frame(), 3.75);
  EXPECT_EQ(back.totals.server_ms_per_key_frame(), 12.25);
  EXPECT_EQ(back.totals.bytes_first_student, 70u);
  EXPECT_EQ(back.frame_codec, "h264");
  EXPECT_EQ(back.update_codec, "coded");
  EXPECT_EQ(back.mean_delay(), 1.5);
  EXPECT_FALSE(back.policy);
  run.delay = kDelayAuto;
  run.policy = distill::FindPolicy("best");
  const RunRecord in_real_time = ParseRun(RunJson(run));
  EXPECT_EQ(in_real_time.delay, kDelayAuto);
  EXPECT_EQ(in_real_time.policy->name, "best");
  EXPECT_EQ(RunJson(in_real_time), RunJson(run));
  const ClipRecord clip = SomeResults().clips.front();
  EXPECT_EQ(ClipJson(ParseClip(ClipJson(clip))), ClipJson(clip));
  EXPECT_EQ(ParseClip(ClipJson(clip)).classes, clip.classes);
  for (const char* wrong : {"", "{}", "[]", "{\"clip\": 3}"}) {
    EXPECT_THROW(ParseRun(wrong), Error);
    EXPECT_THROW(ParseClip(wrong), Error);
  }
}

TEST(StudyResults, JsonHasEveryFigureUnderItsName) {
  const auto json = nlohmann::json::parse(ResultsJson(SomeResults(), "{\"link\": \"limit\"}"));
  EXPECT_EQ(json.at("shadowtutor"), "1.2.3");
  EXPECT_EQ(json.at("command"), "shadowtutor eval 'a b'");
  EXPECT_EQ(json.at("machine").size(), 4u);
  EXPECT_TRUE(json.at("parameters").at("fps").is_null());
  EXPECT_EQ(json.at("parameters").at("student"), "fresh, seed 0");
  EXPECT_EQ(json.at("classes")[0],
            nlohmann::json::parse(R"({"name": "person", "color": "#dc143c"})"));
  EXPECT_EQ(json.at("clips").size(), 3u);
  EXPECT_EQ(json.at("clips")[1].at("scene"), "street");
  EXPECT_EQ(json.at("clips")[1].at("width"), 64);
  const auto& run = json.at("runs")[0];
  EXPECT_EQ(run.at("key_frame_ratio"), 0.5);
  EXPECT_EQ(run.at("steps_per_key_frame"), 5);
  EXPECT_EQ(run.at("delay"), 1);
  EXPECT_EQ(run.at("encode_ms"), 3.75);
  EXPECT_EQ(run.at("server_ms"), 12.25);
  EXPECT_EQ(run.at("mean_delay"), 1.5);
  EXPECT_EQ(run.at("first_miou"), 0.3);
  EXPECT_EQ(run.at("seconds_to_80"), 2.25);
  EXPECT_TRUE(run.at("seconds_to_85").is_null());
  EXPECT_EQ(run.at("flicker"), 0.0125);
  EXPECT_EQ(run.at("teacher_flicker"), 0.005);
  EXPECT_EQ(run.at("new_classes"),
            nlohmann::json::parse(
                R"({"events": 3, "missed": 1, "mean_frames": 4.0, "mean_seconds": null})"));
  EXPECT_EQ(json.at("parameters").at("network_ms"), 20);
  EXPECT_TRUE(json.at("parameters").at("step_ms").is_null());
  EXPECT_EQ(run.at("miou"), (std::vector<double>{0.25, 0.5, 0.1234, 1}));
  EXPECT_EQ(run.at("strides"), nlohmann::json::parse("[[0, 2], [3, 4]]"));
  EXPECT_EQ(json.at("samples")[0].at("images").at("input"), "samples/one_000002_input.jpg");
  EXPECT_EQ(json.at("live").at("link"), "limit");
  EXPECT_FALSE(json.contains("failures"));
}

TEST(StudyResults, BytesThatAreNoTextDoNotStopThem) {
  StudyResults results = SomeResults();
  results.clips[0].source = "caf\xe9.mp4";
  EXPECT_NO_THROW(nlohmann::json::parse(ResultsJson(results, "")));
}

TEST(StudyResults, WritingKeepsTheLiveMeasurements) {
  const TemporaryFolder folder;
  WriteText(folder / "results.json", "{\"live\": {\"link\": \"namespaces\"}}");
  WriteResults(SomeResults(), folder.path());
  const auto json = nlohmann::json::parse(ReadText(folder / "results.json"));
  EXPECT_EQ(json.at("live").at("link"), "namespaces");
  EXPECT_EQ(json.at("runs").size(), 4u);
  WriteText(folder / "results.json", "half a fi");
  WriteResults(SomeResults(), folder.path());
  EXPECT_FALSE(nlohmann::json::parse(ReadText(folder / "results.json")).contains("live"));
}

TEST(StudyResults, CsvRowsHaveTheSameFigures) {
  const std::string runs = RunsCsv(SomeResults());
  EXPECT_NE(
      runs.find("\none,fixed,people,partial,1,P-1,4,0.250000,2,0.500000,1,5,5.0000,3000,"
                "1000,,12.250,1.500,0.300000,2.250,,0.01250000,0.00500000,3,1,,4.0000,3.750\n"),
      std::string::npos)
      << runs;
  EXPECT_NE(runs.find("\n\"th,re\"\"e\",fixed,people,"), std::string::npos) << runs;
  const std::string frames = FramesCsv(SomeResults());
  EXPECT_EQ(frames.substr(0, frames.find("two")),
            "clip,label,frame,miou,key_frame,stride\n"
            "one,P-1,0,0.2500,1,2\n"
            "one,P-1,1,0.5000,0,2\n"
            "one,P-1,2,0.1234,1,2\n"
            "one,P-1,3,1.0000,0,4\n");
}

TEST(Csv, QuotesWhatNeedsItAndDefusesFormulas) {
  EXPECT_EQ(CsvText("plain text"), "plain text");
  EXPECT_EQ(CsvText("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvText("say \"so\""), "\"say \"\"so\"\"\"");
  EXPECT_EQ(CsvText("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(CsvText("=1+1"), "'=1+1");
  EXPECT_EQ(CsvText("@a,b"), "\"'@a,b\"");
  EXPECT_EQ(CsvText(""), "");
}

TEST(StudyTables, AverageIsOverCategories) {
  StudyResults results = SomeResults();
  results.runs[1].mean_miou = 1;
  const std::string text = StudyTables(results);
  EXPECT_NE(text.find("\nfixed people "), std::string::npos) << text;
  EXPECT_NE(text.find("\n  one "), std::string::npos) << text;
  EXPECT_NE(text.find("\nfixed street: two "), std::string::npos) << text;
  const size_t line = text.find("average of categories");
  ASSERT_NE(line, std::string::npos);
  // People 50 (25 and 75), street 100: 75, where the mean over the clips would be 66.67.
  EXPECT_NE(text.substr(line, text.find('\n', line) - line).find("75.00"), std::string::npos)
      << text;
  // wild was run on one clip only: the other clips have no figure.
  EXPECT_NE(text.find(" -\n"), std::string::npos) << text;
}

// The lines of one table.
std::string TableCalled(const std::string& title, const std::string& text) {
  const size_t start = text.find("\n" + title);
  if (start == std::string::npos) return "";
  return text.substr(start, text.find("\n\n", start) - start);
}

TEST(StudyTables, ShowWhatTrainingCostsAndHowSteadyItIs) {
  StudyResults results = SomeResults();
  results.runs[3].strategy = "wild";
  results.runs[3].totals.encode_ms = 0;
  const std::string text = StudyTables(results);
  EXPECT_NE(TableCalled("device, ms per key frame", text).find("3.75"), std::string::npos) << text;
  EXPECT_EQ(TableCalled("device, ms per key frame", text).find("wild"), std::string::npos) << text;
  EXPECT_NE(TableCalled("server, ms per key frame", text).find("12.25"), std::string::npos) << text;
  EXPECT_EQ(TableCalled("server, ms per key frame", text).find("wild"), std::string::npos) << text;
  EXPECT_NE(TableCalled("seconds to 80 %", text).find("2.25"), std::string::npos) << text;
  EXPECT_NE(TableCalled("seconds to 85 %", text).find("never"), std::string::npos) << text;
  EXPECT_NE(TableCalled("mIoU of the first 60 frames", text).find("30.00"), std::string::npos);
  const std::string flicker = TableCalled("flicker", text);
  EXPECT_NE(flicker.find("teacher"), std::string::npos) << text;
  EXPECT_NE(flicker.find("1.250"), std::string::npos) << text;
  EXPECT_NE(flicker.find("0.500"), std::string::npos) << text;

  results.runs.erase(results.runs.begin(), results.runs.begin() + 3);
  EXPECT_EQ(TableCalled("server", StudyTables(results)), "");
  EXPECT_EQ(TableCalled("device", StudyTables(results)), "");
}

TEST(StudyProgressLine, SaysWhereItIsAndHowLongItTakes) {
  EXPECT_EQ(StudyProgressLine({"dog", "P-8", 1, 5, 120, 289, 0.712, 750.2}),
            "clip 1/5 dog  P-8  frame 120/289  mIoU 71.20 %  12:30 min left");
  EXPECT_EQ(StudyProgressLine({"dog", "labels", 1, 5, 3, -1, -1, -1}),
            "clip 1/5 dog  labels  frame 3");
  EXPECT_EQ(StudyProgressLine({"dog", "labels", 1, 5, 3, 9, -1, 3725}),
            "clip 1/5 dog  labels  frame 3/9  1 h 02 min left");
}

}  // namespace
}  // namespace shadowtutor::eval
