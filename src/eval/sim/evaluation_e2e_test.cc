// From files on disk to figures: a video that the test draws, its labels, a card and students.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <string>

#include "core/atomic_file.h"
#include "core/parallel.h"
#include "eval/sim/evaluation.h"
#include "eval/sim/evaluation_text.h"
#include "eval/testing/moving_shapes.h"
#include "nn/checkpoint_io.h"
#include "video/label_png.h"

namespace shadowtutor::eval {
namespace {

constexpr FrameSize kSize{160, 120};
constexpr uint64_t kFrames = 120;

class EvaluationFromFiles : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::filesystem::path(testing::TempDir()) / "shadowtutor_evaluation_e2e_test";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "frames");
    std::filesystem::create_directories(folder_ / "labels");
    for (uint64_t i = 0; i < kFrames; ++i) {
      Image frame = DrawShapes(kSize, i);
      const cv::Mat pixels(kSize.height, kSize.width, CV_8UC3, frame.bytes().data());
      const std::string name = video::LabelFileName(i);
      ASSERT_TRUE(cv::imwrite((folder_ / "frames" / name).string(), pixels));
      WriteFileAtomically(folder_ / "labels" / name, video::EncodeLabelPng(LabelShapes(kSize, i)));
    }
    WriteFileAtomically(folder_ / "card.yaml",
                        "kind: replay\nfolder: labels\nclasses: [disc, box, background]\n");
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder_); }

  static EvalRequest Request(const std::string& strategy) {
    EvalRequest request;
    request.source = (folder_ / "frames").string();
    request.teacher_card = folder_ / "card.yaml";
    request.seed = 7;
    request.options.strategy = strategy;
    request.options.per_frame = true;
    return request;
  }

  static std::filesystem::path folder_;
};

std::filesystem::path EvaluationFromFiles::folder_;

TEST_F(EvaluationFromFiles, DistillationBeatsTheStudentAloneByFar) {
  const EvalReport wild = Evaluate(Request("wild"));
  EvalRequest request = Request("partial");
  const EvalReport partial = Evaluate(request);
  request.options.parameters.delay = 8;
  const EvalReport late = Evaluate(request);
  const EvalReport full = Evaluate(Request("full"));

  for (const EvalReport* report : {&wild, &partial, &late, &full}) {
    EXPECT_EQ(report->frames, kFrames);
    std::printf("%s\n", ReportTable(*report).c_str());
  }
  EXPECT_EQ(wild.totals.key_frames, 0u);
  EXPECT_GT(partial.mean_miou, wild.mean_miou + 0.3);
  EXPECT_GT(late.mean_miou, wild.mean_miou + 0.3);
  EXPECT_GT(full.mean_miou, wild.mean_miou + 0.3);
  // Far fewer frames go up than there are, and what comes down is part of the student.
  EXPECT_LT(partial.key_frame_ratio(), 0.2);
  EXPECT_LT(partial.totals.bytes_down, full.totals.bytes_down);
}

TEST_F(EvaluationFromFiles, TwoRunsGiveTheSameReportToTheLastDigit) {
  for (const char* strategy : {"partial", "wild"}) {
    EvalRequest request = Request(strategy);
    request.options.frames = 40;
    const auto text = [&] {
      EvalReport report = Evaluate(request);
      report.totals.encode_ms = report.totals.server_ms = 0;  // measured by a clock
      return ReportJson(report);
    };
    const std::string first = text();
    EXPECT_EQ(text(), first) << strategy;
    const ThreadLimit one_thread(1);
    EXPECT_EQ(text(), first) << strategy << " on one thread";
  }
}

TEST_F(EvaluationFromFiles, TakesAStudentFromAFileAndCarriesLossyCodecs) {
  const nn::Checkpoint student = SmallShapeStudent(3);
  nn::SaveCheckpoint(student, folder_ / "student.safetensors");
  EvalRequest request = Request("partial");
  request.student = folder_ / "student.safetensors";
  request.options.frames = 40;
  const EvalReport exact = Evaluate(request);
  request.options.parameters.frame_codec = wire::FrameCodec::kJpeg;
  request.options.parameters.update_codec = wire::UpdateCodec::kFp16;
  const EvalReport lossy = Evaluate(request);

  ASSERT_GT(exact.totals.bytes_down, 0u);
  const size_t trained = student.layout->TrainedSize(nn::kPartialDistillation);
  EXPECT_EQ(exact.totals.bytes_up, exact.totals.key_frames * kSize.pixels() * 3);
  EXPECT_EQ(exact.totals.bytes_down % (trained * 4), 0u);
  EXPECT_LT(lossy.totals.bytes_up / lossy.totals.key_frames, kSize.pixels());
  EXPECT_EQ(lossy.totals.bytes_down % (trained * 2), 0u);
  EXPECT_NEAR(lossy.mean_miou, exact.mean_miou, 0.2);
}

}  // namespace
}  // namespace shadowtutor::eval
