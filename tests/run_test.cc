// Whole runs: a source, the client, a server, and the files that they leave.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/run_client.h"
#include "core/atomic_file.h"
#include "loopback.h"
#include "nn/checkpoint_io.h"
#include "square_source.h"
#include "video/label_png.h"
#include "video/open_source.h"
#include "video/testing/mjpeg_server.h"

namespace shadowtutor::tests {
namespace {

namespace fs = std::filesystem;

class RunTest : public ::testing::Test {
 protected:
  RunTest() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    options_.link = FastLinkOptions(server_->address());
  }
  const fs::path folder_ = fs::path(::testing::TempDir()) / "shadowtutor_run_test";
  const std::unique_ptr<rpc::Server> server_ = StartServer();
  app::RunOptions options_;
};

TEST_F(RunTest, LeavesWholeFilesAndASummaryThatAddsUp) {
  options_.open_sinks = [&](const ClassList& classes, int background) {
    EXPECT_EQ(classes, server::TestClasses());
    EXPECT_EQ(background, 1);
    std::vector<std::unique_ptr<video::Sink>> sinks;
    sinks.push_back(video::MaskFolder(folder_ / "masks"));
    sinks.push_back(video::JsonLines(folder_ / "frames.jsonl", classes));
    return sinks;
  };
  int reports = 0;
  options_.progress_interval = std::chrono::milliseconds(0);
  options_.on_progress = [&](const app::RunProgress& progress) {
    ++reports;
    EXPECT_EQ(progress.frame, static_cast<uint64_t>(reports));
    EXPECT_EQ(progress.total, 40);
  };
  app::ReferenceScore reference(10);
  options_.reference = &reference;
  SquareSource source(40);
  const app::RunSummary summary = app::RunClient(source, options_);

  EXPECT_EQ(summary.frames, 40u);
  EXPECT_EQ(reports, 40);
  EXPECT_FALSE(summary.stopped);
  EXPECT_GE(summary.key_frames, 5u);  // strides of 4 to 8
  EXPECT_LE(summary.key_frames, 10u);
  EXPECT_GT(summary.distillation_steps, 0u);
  EXPECT_EQ(summary.naive_bytes_up, 40u * 64 * 48 * 3);
  EXPECT_EQ(summary.naive_bytes_down, 40u * 64 * 48);
  EXPECT_GT(summary.bytes_up, summary.key_frames * 64 * 48 * 3);
  EXPECT_LT(summary.bytes_up, summary.key_frames * (64 * 48 * 3 + 64));
  EXPECT_GT(summary.bytes_down, 0u);
  EXPECT_GT(summary.bytes_students, 0u);
  EXPECT_TRUE(summary.student_ms);
  EXPECT_TRUE(summary.teacher_ms);
  EXPECT_TRUE(summary.step_ms);
  EXPECT_TRUE(summary.last_metric);
  EXPECT_EQ(video::ReadLabelPng(folder_ / "masks" / "000039.png").size(), (FrameSize{64, 48}));
  std::ifstream lines(folder_ / "frames.jsonl");
  EXPECT_EQ(std::count(std::istreambuf_iterator<char>(lines), {}, '\n'), 40);

  SquareSource again(40);
  server::FakeTeacher teacher;
  const auto score = reference.Score(again, teacher, 2, {}, {});
  EXPECT_EQ(score.frames, 4u);
  EXPECT_GT(*score.mean_miou, 0.1);
  EXPECT_LE(*score.mean_miou, 1.0);
}

TEST_F(RunTest, StopsWhenAskedWithWholeFiles) {
  int asked = 0;
  options_.stop = [&] { return ++asked > 15; };
  options_.open_sinks = [&](const ClassList& classes, int background) {
    std::vector<std::unique_ptr<video::Sink>> sinks;
    sinks.push_back(
        video::OverlayVideo(folder_ / "overlay.mp4", {64, 48}, 25, classes, background));
    return sinks;
  };
  SquareSource source(1000);
  const app::RunSummary summary = app::RunClient(source, options_);
  EXPECT_TRUE(summary.stopped);
  EXPECT_LT(summary.frames, 16u);
  ASSERT_GT(summary.frames, 0u);
  const auto overlay = video::OpenSource((folder_ / "overlay.mp4").string());
  Image frame;
  uint64_t frames = 0;
  while (overlay->Read(frame)) ++frames;
  EXPECT_EQ(frames, summary.frames);
}

TEST_F(RunTest, StopsWhileItWaitsForAServer) {
  options_.link = FastLinkOptions(FreeAddress());
  options_.link.retry = true;
  options_.stop = [] { return true; };
  SquareSource source(10);
  const app::RunSummary summary = app::RunClient(source, options_);
  EXPECT_TRUE(summary.stopped);
  EXPECT_EQ(summary.frames, 0u);
}

TEST_F(RunTest, TakesTheFirstFramesOnly) {
  options_.max_frames = 7;
  SquareSource source(1000);
  EXPECT_EQ(app::RunClient(source, options_).frames, 7u);
}

TEST_F(RunTest, GoesOnWhenItsCameraIsBackAndEndsWhenItStaysAway) {
  testing::MjpegServer camera([](int connection) {
    return testing::StreamPlan{.frames = 30,
                               .size = connection == 0 ? FrameSize{64, 48} : FrameSize{96, 64}};
  });
  const fs::path lines = folder_ / "frames.jsonl";
  options_.open_sinks = [&](const ClassList& classes, int) {
    std::vector<std::unique_ptr<video::Sink>> sinks;
    sinks.push_back(video::MaskFolder(folder_ / "masks"));
    sinks.push_back(video::JsonLines(lines, classes));
    return sinks;
  };
  options_.staleness = client::Staleness::kGoOn;
  options_.max_frames = 60;
  video::SourceOptions reading;
  reading.every_frame = true;
  const auto source = video::OpenSource(camera.address(), reading);
  EXPECT_EQ(app::RunClient(*source, options_).frames, 60u);
  const auto size_of = [&](const char* mask) {
    return video::ReadLabelPng(folder_ / "masks" / mask).size();
  };
  EXPECT_EQ(size_of("000029.png"), (FrameSize{64, 48}));
  EXPECT_EQ(size_of("000030.png"), (FrameSize{96, 64}));

  reading.retries = 0;
  const auto once = video::OpenSource(camera.address(), reading);
  try {
    app::RunClient(*once, options_);
    ADD_FAILURE() << "it ended without an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find(camera.address()), std::string::npos);
  }
  std::ifstream file(lines);
  EXPECT_EQ(std::count(std::istreambuf_iterator<char>(file), {}, '\n'), 30);
}

TEST_F(RunTest, AnUnreadableVideoIsAnErrorThatNamesIt) {
  const fs::path garbage = folder_ / "garbage.mp4";
  WriteFileAtomically(garbage, std::string(5000, 'x'));
  for (const fs::path& file : {garbage, folder_ / "missing.mp4"}) {
    try {
      video::OpenSource(file.string());
      ADD_FAILURE() << file << " was opened";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(file.filename().string()), std::string::npos);
    }
  }
  SquareSource empty(0);
  EXPECT_THROW(app::RunClient(empty, options_), Error);
}

TEST_F(RunTest, ATruncatedStudentIsAnErrorThatSaysWhatIsWrong) {
  auto bytes = nn::SerializeCheckpoint(server::SmallStudent(1));
  bytes.resize(bytes.size() / 2);
  const fs::path file = folder_ / "half.safetensors";
  WriteFileAtomically(file, bytes);
  try {
    nn::LoadCheckpoint(file);
    ADD_FAILURE() << "loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << error.what();
  }
}

}  // namespace
}  // namespace shadowtutor::tests
