// Studies of files on disk: what is run, what is kept, and what is run again.
#include "eval/study/study.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <set>
#include <string>

#include "core/atomic_file.h"
#include "core/parallel.h"
#include "eval/study/samples.h"
#include "eval/study/testing/without_times.h"
#include "eval/testing/moving_shapes.h"
#include "eval/testing/shape_files.h"
#include "nn/checkpoint_io.h"
#include "teacher/testing/tiny_onnx.h"
#include "video/label_png.h"
#include "video/testing/make_media.h"
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
constexpr uint64_t kFrames = 12;

// Two clips, one with replayed labels and one whose teacher is a network that tells red from blue.
class StudyTest : public ::testing::Test {
 protected:
  StudyTest() {
    for (const char* clip : {"first", "second"}) {
      WriteShapes(folder_ / clip, kSize, kFrames);
    }
    fs::create_directories(folder_ / "labels");
    for (uint64_t i = 0; i < kFrames; ++i) {
      WriteFileAtomically(folder_ / "labels" / video::LabelFileName(i),
                          video::EncodeLabelPng(LabelShapes(kSize, 3 * i)));
    }
    const std::string classes = "classes: [disc, box, background]\n";
    WriteText(folder_ / "labels/card.yaml", "kind: replay\nfolder: .\n" + classes);
    WriteText(folder_ / "net.onnx",
              testing::TinyOnnx::Model(64, 48,
                                       {{.output = "output",
                                         .weights = {{1, 0, -1}, {-1, 0, 1}, {0, 0, 0}},
                                         .bias = {0, 0, 0.1F},
                                         .stride = 1}}));
    WriteText(folder_ / "net.yaml",
              "kind: semantic-logits\nfile: net.onnx\ninput: {width: 64, height: 48}\n" + classes);
    nn::SaveCheckpoint(SmallShapeStudent(3), folder_ / "student.safetensors");
  }

  ClipSpec First() {
    return {.name = "first",
            .camera = "fixed",
            .scene = "shapes",
            .source = (folder_ / "first").string(),
            .card = folder_ / "labels/card.yaml",
            .frames = 0,
            .student = std::nullopt};
  }
  ClipSpec Second() {
    ClipSpec clip = First();
    clip.name = "second";
    clip.source = (folder_ / "second").string();
    clip.card = folder_ / "net.yaml";
    return clip;
  }

  StudyRequest Request(const std::vector<std::string>& strategies,
                       const std::vector<int>& delays = {1}) {
    StudyRequest request;
    request.clips = {First(), Second()};
    request.strategies = ChooseStrategies(strategies, delays, {});
    request.student = folder_ / "student.safetensors";
    request.folder = folder_ / "out";
    request.version = "test";
    // Notes the label of all work that was really done.
    request.on_progress = [this](const StudyProgress& progress) {
      worked_.insert(progress.clip + " " + progress.label);
    };
    return request;
  }

  // The work that RunStudy does, as "clip label".
  std::set<std::string> WorkOf(const StudyRequest& request) {
    worked_.clear();
    RunStudy(request);
    return worked_;
  }

  TemporaryFolder folder_;
  std::set<std::string> worked_;
};

TEST_F(StudyTest, RunsEveryStrategyWithEveryDelayOnEveryClip) {
  const StudyRequest request = Request({"partial", "wild", "naive"}, {1, 8});
  const StudyResults results = RunStudy(request);
  ASSERT_EQ(results.clips.size(), 2u);
  EXPECT_TRUE(results.failures.empty());
  std::vector<std::string> labels;
  for (const RunRecord& run : results.runs) labels.push_back(run.clip + " " + run.label);
  EXPECT_EQ(labels,
            (std::vector<std::string>{
                "first P-1", "first P-8", "first wild", "first naive raw", "first naive raw-8",
                "first naive JPEG", "first naive JPEG-8", "first naive H.264",
                "first naive H.264-8", "second P-1", "second P-8", "second wild",
                "second naive raw", "second naive raw-8", "second naive JPEG",
                "second naive JPEG-8", "second naive H.264", "second naive H.264-8"}));
  for (const RunRecord& run : results.runs) {
    EXPECT_EQ(run.frames, kFrames);
    EXPECT_EQ(run.miou.size(), kFrames);
  }
  const ClipRecord& clip = results.clips[1];
  EXPECT_EQ(clip.size, kSize);
  EXPECT_EQ(clip.frames, kFrames);
  EXPECT_EQ(clip.source, "second");
  EXPECT_EQ(clip.scene, "shapes");
  EXPECT_FALSE(clip.replayed);
  EXPECT_TRUE(results.clips[0].replayed);

  // A network sees what JPEG did to a frame; replayed labels do not.
  EXPECT_EQ(results.runs[5].mean_miou, 1);
  EXPECT_LT(results.runs[14].mean_miou, 1);
  EXPECT_EQ(results.runs[12].mean_miou, 1);
  EXPECT_LT(results.runs[13].mean_miou, 1);  // with labels of earlier frames

  const auto json = nlohmann::json::parse(ReadText(folder_ / "out/results.json"));
  EXPECT_EQ(json.at("runs").size(), 18u);
  EXPECT_EQ(json.at("runs")[7].at("setting"), "H.264 at rate factor 23");
  EXPECT_EQ(json.at("runs")[0].at("setting"), "paper, raw, fp32 updates");
  EXPECT_NE(json.at("notes")[0].get<std::string>().find("naive JPEG, naive JPEG-8, naive H.264,"),
            std::string::npos);
  EXPECT_TRUE(fs::exists(folder_ / "out/runs.csv"));
  EXPECT_TRUE(fs::exists(folder_ / "out/frames.csv"));
}

TEST_F(StudyTest, TakesPicturesOfTheFirstStudentAndTheWildOne) {
  const StudyResults results = RunStudy(Request({"naive-raw", "full", "wild"}, {1, 2}));
  ASSERT_EQ(results.samples.size(), 2u * kSamplesPerClip);
  const SampleRecord& sample = results.samples[5];
  EXPECT_EQ(sample.clip, "second");
  EXPECT_EQ(sample.frame, SampleFrames(kFrames)[1]);
  ASSERT_EQ(sample.images.size(), 4u);
  EXPECT_EQ(sample.images[2].first, "F-1");
  EXPECT_EQ(sample.images[3].first, "wild");
  for (const auto& [label, file] : sample.images) {
    const cv::Mat picture = cv::imread((folder_ / "out" / file).string());
    EXPECT_EQ(picture.cols, kSize.width) << file;
  }
  EXPECT_EQ(SampleFrames(8), (std::vector<uint64_t>{1, 3, 5, 7}));
  EXPECT_EQ(SampleFrames(2), (std::vector<uint64_t>{0, 1}));
}

TEST_F(StudyTest, DoesOnlyWhatIsMissingOrHasChanged) {
  StudyRequest request = Request({"partial", "wild"});
  EXPECT_EQ(WorkOf(request), (std::set<std::string>{"first labels", "first P-1", "first wild",
                                                    "second labels", "second P-1", "second wild"}));
  const std::string runs = ReadText(folder_ / "out/runs.csv");
  const std::string frames = ReadText(folder_ / "out/frames.csv");
  EXPECT_TRUE(WorkOf(request).empty());
  EXPECT_EQ(ReadText(folder_ / "out/runs.csv"), runs);
  EXPECT_EQ(ReadText(folder_ / "out/frames.csv"), frames);

  // Another strategy is added, one run's file is damaged, one picture is gone.
  request.strategies = ChooseStrategies({"partial", "wild", "tracking"}, {1}, {});
  WriteText(folder_ / "out/runs/first-wild.json", "{");
  fs::remove(folder_ / "out/samples/second_000004_P-1.jpg");
  EXPECT_EQ(WorkOf(request), (std::set<std::string>{"first wild", "first tracking", "second P-1",
                                                    "second tracking"}));

  // A part of the policy concerns only what trains.
  request.parameters.paper.trainer.adam.learning_rate = 0.02;
  EXPECT_EQ(WorkOf(request), (std::set<std::string>{"first P-1", "second P-1"}));
  request.version = "later";
  EXPECT_EQ(WorkOf(request).size(), 6u);
  request.fresh = true;
  EXPECT_EQ(WorkOf(request).size(), 8u);
  request.fresh = false;
  EXPECT_TRUE(WorkOf(request).empty());

  nn::SaveCheckpoint(SmallShapeStudent(4), folder_ / "student.safetensors");
  EXPECT_EQ(WorkOf(request).size(), 6u);
  request.clips[0].camera = "moving";  // matters only for tables
  EXPECT_TRUE(WorkOf(request).empty());
  EXPECT_NE(ReadText(folder_ / "out/runs.csv").find("first,moving"), std::string::npos);

  // A label of the first clip changes: all of that clip is run again, and nothing of the other.
  WriteFileAtomically(folder_ / "labels" / video::LabelFileName(0),
                      video::EncodeLabelPng(LabelMap(64, 48, 2)));
  fs::last_write_time(folder_ / "labels" / video::LabelFileName(0),
                      fs::file_time_type::clock::now() + std::chrono::seconds(5));
  EXPECT_EQ(WorkOf(request),
            (std::set<std::string>{"first labels", "first P-1", "first wild", "first tracking"}));
}

TEST_F(StudyTest, ANetworksLabelsAreComputedOnceWhateverIsRunOnThem) {
  StudyRequest request = Request({"wild"});
  request.clips = {Second()};
  request.frames = 5;
  RunStudy(request);
  const auto labels = [&] {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "out/labels")) {
      if (entry.path().extension() == ".png") {
        files.insert(entry.path().string() +
                     std::to_string(entry.last_write_time().time_since_epoch().count()));
      }
    }
    return files;
  };
  const auto five = labels();
  EXPECT_EQ(five.size(), 5u);
  // More frames: only those are labelled.
  request.frames = 8;
  RunStudy(request);
  const auto eight = labels();
  EXPECT_EQ(eight.size(), 8u);
  for (const std::string& file : five) EXPECT_EQ(eight.count(file), 1u);
  // A network whose weights changed is another teacher.
  const auto time = fs::last_write_time(folder_ / "net.onnx");
  WriteText(folder_ / "net.onnx",
            testing::TinyOnnx::Model(64, 48,
                                     {{.output = "output",
                                       .weights = {{1, 0, -1}, {-1, 0, 1}, {0, 0, 0}},
                                       .bias = {0, 0, 0.2F},
                                       .stride = 1}}));
  fs::last_write_time(folder_ / "net.onnx", time);  // content counts, not size and time
  RunStudy(request);
  EXPECT_EQ(labels().size(), 16u);
  // The same network, written again elsewhere, is no other.
  fs::rename(folder_ / "net.onnx", folder_ / "old.onnx");
  fs::copy_file(folder_ / "old.onnx", folder_ / "net.onnx");
  RunStudy(request);
  EXPECT_EQ(labels().size(), 16u);
}

TEST_F(StudyTest, GoesOnWhereItWasStopped) {
  StudyRequest request = Request({"partial", "wild"});
  const StudyResults whole = RunStudy(request);
  request.folder = folder_ / "interrupted";
  int calls = 0;
  request.stop = [&] { return ++calls == 2 * static_cast<int>(kFrames) + 5; };  // in first wild
  const Error error = ErrorOf([&] { RunStudy(request); });
  EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  EXPECT_TRUE(Says(error, "the same command goes on")) << error.what();
  EXPECT_FALSE(fs::exists(folder_ / "interrupted/results.json"));
  EXPECT_TRUE(fs::exists(folder_ / "interrupted/runs/first-P-1.json"));
  EXPECT_FALSE(fs::exists(folder_ / "interrupted/runs/first-wild.json"));

  request.stop = {};
  EXPECT_EQ(WorkOf(request),
            (std::set<std::string>{"first wild", "second labels", "second P-1", "second wild"}));
  EXPECT_EQ(ReadText(folder_ / "interrupted/frames.csv"), FramesCsv(whole));
  const StudyResults resumed = RunStudy(request);  // from what is stored
  EXPECT_EQ(ReadText(folder_ / "interrupted/runs.csv"), RunsCsv(resumed));
  EXPECT_EQ(RunsCsv(WithoutTimes(resumed)), RunsCsv(WithoutTimes(whole)));
}

TEST_F(StudyTest, AClipThatFailsCostsThatClip) {
  StudyRequest request = Request({"wild"});
  ClipSpec missing = First(), unlabelled = First();
  missing.name = "missing";
  missing.source = (folder_ / "none.mp4").string();
  unlabelled.name = "unlabelled";
  WriteText(folder_ / "few.yaml", "kind: replay\nfolder: few\nclasses: [disc, box, background]\n");
  fs::create_directories(folder_ / "few");
  unlabelled.card = folder_ / "few.yaml";
  request.clips = {missing, First(), unlabelled};
  std::vector<std::string> reported;
  request.on_fail = [&](const FailedClip& failed) { reported.push_back(failed.clip); };
  const StudyResults results = RunStudy(request);
  EXPECT_EQ(reported, (std::vector<std::string>{"missing", "unlabelled"}));
  ASSERT_EQ(results.failures.size(), 2u);
  EXPECT_NE(results.failures[0].why.find("no such video"), std::string::npos);
  EXPECT_NE(results.failures[1].why.find("frame 0 has no label"), std::string::npos);
  ASSERT_EQ(results.runs.size(), 1u);
  EXPECT_EQ(results.runs[0].clip, "first");
  const auto json = nlohmann::json::parse(ReadText(folder_ / "out/results.json"));
  EXPECT_EQ(json.at("failures").size(), 2u);
  EXPECT_EQ(json.at("clips").size(), 1u);
}

TEST_F(StudyTest, ResultsDoNotDependOnThreads) {
  StudyRequest request = Request({"partial", "tracking", "just-in-time", "naive-h264"});
  const StudyResults many = WithoutTimes(RunStudy(request));
  request.folder = folder_ / "single";
  const ThreadLimit one_thread(1);
  const StudyResults single = WithoutTimes(RunStudy(request));
  ASSERT_EQ(many.runs.size(), single.runs.size());
  for (size_t i = 0; i < many.runs.size(); ++i) {
    EXPECT_EQ(RunJson(many.runs[i]), RunJson(single.runs[i]));
  }
}

TEST_F(StudyTest, AFreshStudentIsTheSameInAllRuns) {
  StudyRequest request = Request({"wild"});
  request.clips = {First()};
  request.student.reset();
  request.seed = 7;
  const StudyResults results = RunStudy(request);
  EXPECT_EQ(results.student, "fresh, seed 7");
  worked_.clear();
  EXPECT_TRUE(WorkOf(request).empty());
  request.seed = 8;
  EXPECT_EQ(WorkOf(request), (std::set<std::string>{"first wild"}));
}

TEST_F(StudyTest, RefusesWhatItCannotDo) {
  StudyRequest request = Request({"wild"});
  request.clips.push_back(First());
  EXPECT_TRUE(Says(ErrorOf([&] { RunStudy(request); }), "two clips are called 'first'"));
  request.clips.clear();
  EXPECT_EQ(ErrorOf([&] { RunStudy(request); }).code(), ErrorCode::kInvalidArgument);
  request = Request({"wild"});
  WriteText(folder_ / "file", "");
  request.folder = folder_ / "file";
  EXPECT_EQ(ErrorOf([&] { RunStudy(request); }).code(), ErrorCode::kUnavailable);
  // These clips have no frame rate and cannot be re-sampled, so each of them fails.
  request = Request({"wild"});
  request.fps = 7;
  EXPECT_EQ(RunStudy(request).failures.size(), 2u);
  EXPECT_FALSE(fs::exists(folder_ / "out/results.json"));
}

// Folders of images have no frame rate.
TEST_F(StudyTest, RealTimeNeedsAFrameRate) {
  const StudyResults results = RunStudy(Request({"shadow"}, {kDelayAuto}));
  ASSERT_EQ(results.failures.size(), 2u);
  EXPECT_NE(results.failures[0].why.find("frames per second"), std::string::npos)
      << results.failures[0].why;
}

TEST_F(StudyTest, RunsInRealTimeAreDoneAgainWhenTheTimesChange) {
  if (!testing::HaveFfmpeg()) GTEST_SKIP() << "no ffmpeg";
  const fs::path video = folder_ / "first.avi";
  testing::Ffmpeg("-framerate 25 -i " + testing::Quoted(folder_ / "first" / "%06d.png") +
                  " -c:v ffv1 " + testing::Quoted(video));
  StudyRequest request = Request({"shadow"}, {1, kDelayAuto});
  request.clips = {First()};
  request.clips[0].source = video.string();
  request.parameters.timing = {.network_ms = 20, .teacher_ms = 50, .step_ms = 1};
  const StudyResults results = RunStudy(request);
  ASSERT_EQ(results.runs.size(), 2u);
  EXPECT_EQ(results.runs[0].mean_delay(), 1);
  EXPECT_GE(results.runs[1].mean_delay(), 2);
  EXPECT_EQ(nlohmann::json::parse(ReadText(folder_ / "out/results.json"))["runs"][1]["delay"],
            "auto");
  EXPECT_TRUE(WorkOf(request).empty());
  request.parameters.timing.step_ms = 2;
  EXPECT_EQ(WorkOf(request), (std::set<std::string>{"first S-auto"}));
  request.parameters.timing.teacher_ms.reset();
  EXPECT_EQ(WorkOf(request), (std::set<std::string>{"first S-auto"}));
}

TEST(ChooseStrategies, TakesDelaysInFramesAndInRealTime) {
  std::vector<std::string> labels;
  for (const auto& choice :
       ChooseStrategies({"shadow", "partial", "tracking", "wild"}, {8, kDelayAuto}, {})) {
    labels.push_back(choice.label());
  }
  EXPECT_EQ(labels, (std::vector<std::string>{"S-8", "S-auto", "P-8", "P-auto", "tracking-8",
                                              "tracking-auto", "wild"}));
}

TEST(ChooseStrategies, MultipliesDelaysOnlyWhereTheyCount) {
  std::vector<std::string> labels;
  for (const auto& choice :
       ChooseStrategies({"partial", "naive", "tracking", "wild", "partial"}, {1, 8}, {})) {
    labels.push_back(choice.label());
  }
  EXPECT_EQ(labels, (std::vector<std::string>{"P-1", "P-8", "naive raw", "naive raw-8",
                                              "naive JPEG", "naive JPEG-8", "naive H.264",
                                              "naive H.264-8", "tracking", "tracking-8", "wild"}));
}

TEST(ChooseStrategies, RefusesWhatCannotRun) {
  EXPECT_TRUE(Says(ErrorOf([] {
                     ChooseStrategies({"partial", "nothing"}, {1}, {});
                   }),
                   "no strategy is called 'nothing'"));
  EXPECT_TRUE(Says(ErrorOf([] {
                     ChooseStrategies({"wild", "full"}, {1, 9}, {});
                   }),
                   "the delay must be 1 to 8"));
  EXPECT_NO_THROW(ChooseStrategies({"wild"}, {9}, {}));
  StrategyOptions options;
  options.tracking_stride = 4;
  EXPECT_THROW(ChooseStrategies({"tracking"}, {8}, options), Error);
}

}  // namespace
}  // namespace shadowtutor::eval
