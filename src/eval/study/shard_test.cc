// Studies in shards: that they add up to the study in one piece, and what is refused.
#include "eval/study/shard.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "eval/study/merge_shards.h"
#include "eval/study/study.h"
#include "eval/study/study_table.h"
#include "eval/study/testing/without_times.h"
#include "eval/testing/moving_shapes.h"
#include "eval/testing/shape_files.h"
#include "nn/checkpoint_io.h"
#include "teacher/testing/tiny_onnx.h"
#include "video/label_png.h"
#include "video/testing/test_files.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;
using testing::ErrorOf;
using testing::ReadText;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr FrameSize kSize{64, 48};
constexpr uint64_t kFrames = 10;

// results.json without what was measured by a clock and without how it came about.
std::string WithoutOrigin(const fs::path& folder) {
  auto json = nlohmann::json::parse(ReadText(folder / "results.json"));
  for (const char* name : {"command", "date", "machine", "shards"}) json.erase(name);
  for (auto& run : json.at("runs")) run["encode_ms"] = run["server_ms"] = 0;
  return json.dump(1);
}

class ShardTest : public ::testing::Test {
 protected:
  ShardTest() {
    uint64_t first = 0;
    for (const std::string clip : {"a", "b", "c"}) {
      WriteShapes(folder_ / clip, kSize, kFrames, first);
      first += 40;
    }
    WriteNetwork(0.1F);
    WriteText(folder_ / "net.yaml",
              "kind: semantic-logits\nfile: net.onnx\ninput: {width: 64, height: 48}\n"
              "classes: [disc, box, background]\n");
    nn::SaveCheckpoint(SmallShapeStudent(3), folder_ / "student.safetensors");
  }

  // A teacher that tells red from blue.
  void WriteNetwork(float background) const {
    WriteText(folder_ / "net.onnx",
              testing::TinyOnnx::Model(64, 48,
                                       {{.output = "output",
                                         .weights = {{1, 0, -1}, {-1, 0, 1}, {0, 0, 0}},
                                         .bias = {0, 0, background},
                                         .stride = 1}}));
  }

  StudyRequest Request(const std::string& out) const {
    StudyRequest request;
    for (const std::string clip : {"a", "b", "c"}) {
      request.clips.push_back({.name = clip,
                               .camera = clip == "c" ? "moving" : "fixed",
                               .scene = "shapes",
                               .source = (folder_ / clip).string(),
                               .card = folder_ / "net.yaml",
                               .frames = 0,
                               .student = std::nullopt});
    }
    request.strategies = ChooseStrategies({"partial", "wild", "naive-jpeg"}, {1, 8}, {});
    request.student = folder_ / "student.safetensors";
    request.folder = folder_ / out;
    request.version = "test";
    request.command = "shadowtutor eval";
    return request;
  }

  void RunShards(const StudyRequest& request, int of) const {
    for (int number = 1; number <= of; ++number) {
      StudyRequest one = request;
      one.command += " --shard " + Shard{number, of}.text() + " --out x";
      RunShard(one, {number, of});
    }
  }

  std::string MergeError(const std::string& out) const {
    const Error error = ErrorOf([&] { MergeShards(folder_ / out); });
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
    return error.what();
  }

  const TemporaryFolder folder_;
};

TEST_F(ShardTest, AddUpToTheStudyInOnePiece) {
  const StudyResults whole = RunStudy(Request("whole"));
  ASSERT_EQ(whole.runs.size(), 15u);
  // Of one shard, of some that share clips, and of more than there are cells.
  for (const int of : {1, 4, 17}) {
    SCOPED_TRACE(of);
    const std::string out = "of" + std::to_string(of);
    RunShards(Request(out), of);
    const StudyResults merged = MergeShards(folder_ / out);
    EXPECT_EQ(StudyTables(WithoutTimes(merged)), StudyTables(WithoutTimes(whole)));
    EXPECT_EQ(ReadText(folder_ / out / "frames.csv"), ReadText(folder_ / "whole/frames.csv"));
    EXPECT_EQ(RunsCsv(WithoutTimes(merged)), RunsCsv(WithoutTimes(whole)));
    EXPECT_EQ(WithoutOrigin(folder_ / out), WithoutOrigin(folder_ / "whole"));
    const auto json = nlohmann::json::parse(ReadText(folder_ / out / "results.json"));
    EXPECT_EQ(json.at("command"), "shadowtutor eval --out x");
    EXPECT_EQ(json.at("shards").size(), static_cast<size_t>(std::min(of, 15)));
    for (const SampleRecord& sample : merged.samples) {
      for (const auto& [label, file] : sample.images) {
        EXPECT_EQ(ReadText(folder_ / out / file), ReadText(folder_ / "whole" / file)) << file;
      }
    }
    // Merged again, and taken up by a study without shards, which has nothing left to do.
    EXPECT_EQ(StudyTables(MergeShards(folder_ / out)), StudyTables(merged));
    StudyRequest again = Request(out);
    std::set<std::string> work;
    again.on_progress = [&](const StudyProgress& now) { work.insert(now.clip + " " + now.label); };
    RunStudy(again);
    EXPECT_TRUE(work.empty()) << *work.begin();
  }
}

TEST_F(ShardTest, LabelsAreMadeOnceAndFinishedRunsAreKept) {
  const StudyRequest request = Request("out");
  RunShards(request, 2);
  EXPECT_FALSE(fs::exists(folder_ / "out/shards/1-of-2/labels"));
  size_t labels = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "out/labels")) {
    labels += entry.path().extension() == ".png";
  }
  EXPECT_EQ(labels, 3 * kFrames);
  fs::remove(folder_ / "out/shards/2-of-2/runs/c-wild.json");
  StudyRequest again = request;
  std::set<std::string> work;
  again.on_progress = [&](const StudyProgress& now) { work.insert(now.clip + " " + now.label); };
  RunShard(again, {1, 2});
  EXPECT_TRUE(work.empty());
  RunShard(again, {2, 2});
  EXPECT_EQ(work, (std::set<std::string>{"c wild"}));
}

TEST_F(ShardTest, MissingUnfinishedAndDoubleShardsAreNamed) {
  StudyRequest request = Request("out");
  request.strategies = ChooseStrategies({"wild"}, {1}, {});
  RunShards(request, 3);
  const fs::path shards = folder_ / "out/shards";
  fs::rename(shards / "2-of-3", folder_ / "elsewhere");
  EXPECT_NE(MergeError("out").find("2/3 is missing"), std::string::npos);
  fs::rename(shards / "3-of-3", folder_ / "elsewhere too");
  EXPECT_NE(MergeError("out").find("2/3, 3/3 are missing"), std::string::npos);
  fs::rename(folder_ / "elsewhere", shards / "2-of-3");
  fs::rename(folder_ / "elsewhere too", shards / "3-of-3");

  fs::copy(shards / "2-of-3", shards / "copy", fs::copy_options::recursive);
  EXPECT_NE(MergeError("out").find("shard 2/3 is there twice"), std::string::npos);
  fs::remove_all(shards / "copy");

  // One that was stopped.
  request.fresh = true;
  request.stop = [] { return true; };
  EXPECT_THROW(RunShard(request, {3, 3}), Error);
  EXPECT_NE(MergeError("out").find("not finished yet: shard 3/3"), std::string::npos);
  request.fresh = false;
  request.stop = {};
  RunShard(request, {3, 3});

  RunShard(request, {1, 2});
  const std::string mixed = MergeError("out");
  EXPECT_NE(mixed.find("1/2"), std::string::npos) << mixed;
  EXPECT_NE(mixed.find("not of the same division"), std::string::npos) << mixed;
  fs::remove_all(shards / "1-of-2");
  EXPECT_EQ(MergeShards(folder_ / "out").runs.size(), 3u);
  EXPECT_FALSE(HasShards(folder_ / "a"));
}

TEST_F(ShardTest, OtherSettingsAreRefusedByName) {
  StudyRequest request = Request("out");
  RunShard(request, {1, 2});
  const auto refused = [&](const StudyRequest& other) {
    const Error error = ErrorOf([&] { RunShard(other, {2, 2}); });
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
    return std::string(error.what());
  };
  StudyRequest other = request;
  other.parameters.paper.trainer.adam.learning_rate = 0.5;
  EXPECT_NE(refused(other).find("another choice of strategies and parameters (P-1: "),
            std::string::npos);
  other = request;
  other.frames = 5;
  EXPECT_NE(refused(other).find("another limit of frames (5) than shard 1/2 (0)"),
            std::string::npos);
  other = request;
  other.clips.pop_back();
  EXPECT_NE(refused(other).find("another set of clips"), std::string::npos);
  other = request;
  other.version = "later";
  EXPECT_NE(refused(other).find("another version of ShadowTutor (later)"), std::string::npos);

  // Shards that were made where they did not see each other.
  other = request;
  other.folder = folder_ / "other";
  other.seed = 9;
  other.student.reset();
  RunShard(other, {2, 2});
  fs::rename(folder_ / "other/shards/2-of-2", folder_ / "out/shards/2-of-2");
  EXPECT_NE(MergeError("out").find("shard 2/2 has another student (fresh, seed 9)"),
            std::string::npos);
  fs::remove_all(folder_ / "out/shards/2-of-2");
  // The teacher of the clip that both have is another one.
  WriteNetwork(0.4F);
  RunShard(request, {2, 2});
  EXPECT_NE(MergeError("out").find("the clip b had another video or teacher in shard 2/2"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "out/results.json"));
}

TEST_F(ShardTest, AClipThatFailsInOneShardCountsAsFailed) {
  StudyRequest whole = Request("whole");
  whole.clips[1].source = (folder_ / "none").string();
  const StudyResults expected = RunStudy(whole);
  StudyRequest request = whole;
  request.folder = folder_ / "out";
  RunShards(request, 4);
  const StudyResults merged = MergeShards(request.folder);
  ASSERT_EQ(merged.failures.size(), 1u);
  EXPECT_EQ(merged.failures[0].clip, "b");
  EXPECT_EQ(RunsCsv(WithoutTimes(merged)), RunsCsv(WithoutTimes(expected)));
  EXPECT_EQ(WithoutOrigin(request.folder), WithoutOrigin(whole.folder));
}

TEST(Shard, IsReadAsNumberAndCount) {
  EXPECT_EQ(ParseShard("2/4").text(), "2/4");
  EXPECT_EQ(ParseShard("10000/10000").number, 10000);
  for (const char* text : {"", "2", "0/4", "5/4", "-1/4", "2/4x", "2/", "/4", "1/10001", "2 / 4"}) {
    EXPECT_TRUE(Says(ErrorOf([&] { ParseShard(text); }), "2/4 for the second of four")) << text;
  }
}

TEST(Shard, CellsAreCoveredOnce) {
  for (const size_t cells : {size_t{0}, size_t{3}, size_t{10}, size_t{10'000'000}}) {
    size_t next = 0;
    for (int number = 1; number <= 7; ++number) {
      const ShardCells own = CellsOf({number, 7}, cells);
      EXPECT_EQ(own.begin, next);
      next = own.end;
    }
    EXPECT_EQ(next, cells);
  }
}

}  // namespace
}  // namespace shadowtutor::eval
