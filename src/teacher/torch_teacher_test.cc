// Compares TorchScript teachers with PyTorch: torch_reference.py makes networks with random weights
// and their label maps, and these teachers must give the same maps.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <memory>
#include <opencv2/imgcodecs.hpp>
#include <string>

#include "teacher/open_teacher.h"
#include "teacher/teacher.h"
#include "video/label_png.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::ReadText;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr int kNotInstalled = 3;  // torch_reference.py's exit code

class TorchTeacherTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    const std::string command =
        "/usr/bin/python3 " SHADOWTUTOR_SOURCE_DIR "/src/teacher/torch_reference.py " +
        folder_->path().string() + " >" + (*folder_ / "versions.txt").string() + " 2>" +
        (*folder_ / "log.txt").string();
    const int status = std::system(command.c_str());
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  static void TearDownTestSuite() { folder_.reset(); }

  void SetUp() override {
#ifndef SHADOWTUTOR_HAS_TORCH
    GTEST_SKIP() << "built without libtorch (Debian: libtorch-dev)";
#endif
    // 127 is the shell's exit code if there is no python3.
    if (exit_code_ == kNotInstalled || exit_code_ == 127) {
      GTEST_SKIP() << "needs /usr/bin/python3 with torch and torchvision (Debian: "
                      "python3-torchvision)";
    }
    ASSERT_EQ(exit_code_, 0) << ReadText(*folder_ / "log.txt");
    RecordProperty("versions", ReadText(*folder_ / "versions.txt"));
  }

  static std::unique_ptr<Teacher> Open(const std::string& card) {
    WriteText(*folder_ / "card.yaml", card);
    return OpenTeacher(*folder_ / "card.yaml");
  }
  static Image Frame() {
    const cv::Mat pixels = cv::imread((*folder_ / "image.png").string(), cv::IMREAD_COLOR);
    return Image(ImageView(pixels.data, pixels.cols, pixels.rows));
  }
  static LabelMap Expected(const std::string& name) {
    return video::ReadLabelPng(*folder_ / (name + ".png"));
  }
  // The number of pixels that differ. Fails the test if the expected map has fewer than `classes`
  // classes, because the comparison would prove little.
  static size_t Differing(const LabelMap& got, const LabelMap& wanted, size_t classes) {
    EXPECT_EQ(got.size(), wanted.size());
    std::array<size_t, 256> seen = {};
    size_t differing = 0;
    for (size_t i = 0; i < wanted.labels().size(); ++i) {
      ++seen[wanted.labels()[i]];
      if (i < got.labels().size()) differing += got.labels()[i] != wanted.labels()[i];
    }
    size_t kinds = 0;
    for (const size_t count : seen) kinds += count > 0;
    EXPECT_GE(kinds, classes);
    return differing;
  }

  static std::unique_ptr<TemporaryFolder> folder_;
  static int exit_code_;
};

std::unique_ptr<TemporaryFolder> TorchTeacherTest::folder_;
int TorchTeacherTest::exit_code_ = -1;

TEST_F(TorchTeacherTest, TorchvisionMaskRcnn) {
  const auto teacher = Open(
      "kind: mask-rcnn\nfile: mask_rcnn.pt\ninput: {fit: none, width: 160, height: 120}\n"
      "classes: [background, a, b, c, d]\n");
  const Answer answer = teacher->Label(Frame(), 0);
  EXPECT_EQ(Differing(answer.label, Expected("mask_rcnn"), 3), 0u);
  EXPECT_TRUE(answer.has_instances);
  EXPECT_GT(answer.instances.size(), 3u);
  for (const Box& box : answer.instances) {
    EXPECT_GT(box.width, 0);
    EXPECT_GT(box.height, 0);
    EXPECT_LE(box.x + box.width, 160);
    EXPECT_LE(box.y + box.height, 120);
  }
}

TEST_F(TorchTeacherTest, TorchvisionDeepLab) {
  const auto teacher = Open(
      "kind: semantic-logits\nfile: deeplab.pt\n"
      "input: {width: 160, height: 120, mean: 0.5, std: 0.25}\n"
      "classes: [background, a, b, c, d, e]\n");
  const Answer answer = teacher->Label(Frame(), 0);
  EXPECT_EQ(Differing(answer.label, Expected("deeplab"), 5), 0u);
  EXPECT_FALSE(answer.has_instances);
}

TEST_F(TorchTeacherTest, SmallMasksInATupleWithoutNames) {
  const std::string card =
      "kind: mask-rcnn\nfile: small_masks.pt\ninput: {width: 160, height: 120}\n"
      "classes: [background, a, b, c, d]\nclass_offset: 1\n";
  EXPECT_EQ(Differing(Open(card)->Label(Frame(), 0).label, Expected("small_masks_torchvision"), 4),
            0u);
  const LabelMap detectron2 = Open(card + "paste: detectron2\n")->Label(Frame(), 0).label;
  EXPECT_EQ(Differing(detectron2, Expected("small_masks_detectron2"), 4), 0u);
  EXPECT_NE(detectron2, Expected("small_masks_torchvision")) << "the two rules are told apart";
}

TEST_F(TorchTeacherTest, SmallMasksByNamedRolesAndListedClasses) {
  const auto teacher = Open(
      "kind: mask-rcnn\nfile: small_masks.pt\ninput: {width: 160, height: 120, form: image}\n"
      "outputs: {boxes: \"0\", classes: \"1\", masks: \"2\", scores: \"3\"}\n"
      "classes: {1: b, 3: d}\n");
  LabelMap wanted = Expected("small_masks_torchvision");
  const LabelMap got = teacher->Label(Frame(), 0).label;
  // Compares only pixels of listed classes: there, no instance of another class is on top.
  size_t compared = 0;
  for (size_t i = 0; i < wanted.labels().size(); ++i) {
    if (wanted.labels()[i] != 2 && wanted.labels()[i] != 4) continue;
    ++compared;
    ASSERT_EQ(got.labels()[i], wanted.labels()[i] / 2) << i;
  }
  EXPECT_GT(compared, 100u);
}

TEST_F(TorchTeacherTest, LetterboxedYoloSeg) {
  const auto teacher = Open(
      "kind: yolo-seg\nfile: yolo_seg.pt\ninput: {width: 128, height: 128, fit: letterbox}\n"
      "iou_threshold: 0.6\nclasses: [background, a, b, c]\n");
  const Answer answer = teacher->Label(Frame(), 0);
  EXPECT_EQ(Differing(answer.label, Expected("yolo_seg"), 4), 0u);
  EXPECT_TRUE(answer.has_instances);
}

TEST_F(TorchTeacherTest, WhatDoesNotFitIsSaidPlainly) {
  const std::string end = "input: {width: 160, height: 120}\nclasses: [background, a]\n";
  const auto error_of = [&](const std::string& card) { return ErrorOf([&] { Open(card); }); };
  WriteText(*folder_ / "noise.pt", "this is no archive");
  const Error noise = error_of("kind: semantic-logits\nfile: noise.pt\n" + end);
  EXPECT_EQ(noise.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(noise, "noise.pt") && Says(noise, "torch.jit.script")) << noise.what();

  const Error classes = error_of("kind: semantic-logits\nfile: deeplab.pt\n" + end);
  EXPECT_TRUE(Says(classes, "[1,6,120,160]") && Says(classes, "2 classes")) << classes.what();

  const Error output = error_of("kind: semantic-logits\nfile: deeplab.pt\noutput: aux\n" + end);
  EXPECT_TRUE(Says(output, "no output \"aux\"") && Says(output, "out [")) << output.what();

  const Error operators =
      error_of("kind: semantic-logits\nfile: deeplab.pt\noperators: nowhere.so\n" + end);
  EXPECT_EQ(operators.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(operators, "nowhere.so")) << operators.what();

  const Error form = error_of(
      "kind: mask-rcnn\nfile: mask_rcnn.pt\n"
      "input: {fit: none, form: batch}\nclasses: [background, a]\n");
  EXPECT_EQ(form.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(form, "does not run on an input")) << form.what();
}

TEST_F(TorchTeacherTest, CudaIsRefusedWhereThereIsNone) {
  if (std::filesystem::exists("/dev/nvidia0")) GTEST_SKIP() << "this machine has a CUDA device";
  const Error error = ErrorOf([&] {
    Open(
        "kind: semantic-logits\nfile: deeplab.pt\ndevice: cuda\n"
        "input: {width: 160, height: 120}\nclasses: [background, a]\n");
  });
  EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(Says(error, "device: cpu")) << error.what();
}

}  // namespace
}  // namespace shadowtutor::teacher
