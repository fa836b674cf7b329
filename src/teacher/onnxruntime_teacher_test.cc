// Teachers in ONNX Runtime. Skipped where the build did not find it.
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <string>

#include "core/parallel.h"
#include "teacher/open_teacher.h"
#include "teacher/teacher.h"
#include "teacher/testing/colors.h"
#include "teacher/testing/tiny_onnx.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::kColors;
using testing::PlainImage;
using testing::RedAndBlue;
using testing::Says;
using testing::TemporaryFolder;
using testing::TinyConv;
using testing::TinyOnnx;
using testing::WriteText;

const std::string kCard =
    "kind: semantic-logits\nfile: m.onnx\ninput: {width: 16, height: 8}\n"
    "classes: [red, green, blue]\n";

class OnnxRuntimeTeacherTest : public ::testing::Test {
 protected:
  void SetUp() override {
#ifndef SHADOWTUTOR_HAS_ONNXRUNTIME
    GTEST_SKIP() << "this build has no ONNX Runtime; scripts/fetch-onnxruntime brings it";
#endif
  }
  std::unique_ptr<Teacher> Open(const std::string& model, const std::string& card) {
    WriteText(folder_ / "m.onnx", model);
    WriteText(folder_ / "card.yaml", card);
    return OpenTeacher(folder_ / "card.yaml");
  }
  static size_t Threads() {
    using Tasks = std::filesystem::directory_iterator;
    return static_cast<size_t>(std::distance(Tasks("/proc/self/task"), Tasks()));
  }

  TemporaryFolder folder_;
};

TEST_F(OnnxRuntimeTeacherTest, LabelsAsOpenCvDoes) {
  const std::string model = TinyOnnx::Model(16, 8, {kColors});
  const auto opencv = Open(model, kCard);
  const auto teacher = Open(model, kCard + "runtime: onnxruntime\n");
  EXPECT_NE(teacher->description().find("ONNX Runtime 1."), std::string::npos)
      << teacher->description();
  for (const FrameSize size : {FrameSize{16, 8}, FrameSize{64, 48}, FrameSize{7, 5}}) {
    const Image frame = RedAndBlue(size.width, size.height);
    EXPECT_EQ(teacher->Label(frame, 0).label, opencv->Label(frame, 0).label);
  }
}

// A graph with an operator that OpenCV 4.6 does not have, and ONNX Runtime does.
std::string WithIsNaN() {
  std::string graph =
      TinyOnnx::Bytes(1, TinyOnnx::Node("IsNaN", {"input"}, "nan")) + TinyOnnx::Bytes(2, "g");
  // input where it is a number: all of it.
  graph += TinyOnnx::Bytes(1, TinyOnnx::Node("Where", {"nan", "zero", "input"}, "output"));
  graph += TinyOnnx::Bytes(5, TinyOnnx::Tensor("zero", {1}, {0}));
  graph += TinyOnnx::Bytes(11, TinyOnnx::Value("input", {1, 3, 8, 16}));
  graph += TinyOnnx::Bytes(12, TinyOnnx::Value("output", {1, 3, 8, 16}));
  return TinyOnnx::OfGraph(graph);
}

TEST_F(OnnxRuntimeTeacherTest, TakesWhatOpenCvCannotRead) {
  const auto teacher = Open(WithIsNaN(), kCard);
  EXPECT_NE(teacher->description().find("ONNX Runtime"), std::string::npos)
      << teacher->description();
  const Answer answer = teacher->Label(RedAndBlue(32, 16), 0);
  EXPECT_EQ(answer.label.at(1, 1), 0);
  EXPECT_EQ(answer.label.at(30, 14), 2);
  // Where the card names OpenCV, it stays with that.
  const Error error = ErrorOf([&] { Open(WithIsNaN(), kCard + "runtime: opencv\n"); });
  EXPECT_TRUE(Says(error, "OpenCV")) << error.what();
}

TEST_F(OnnxRuntimeTeacherTest, ComputesOnAsManyThreadsAsItMay) {
  const std::string model = TinyOnnx::Model(16, 8, {kColors});
  const std::string card = kCard + "runtime: onnxruntime\n";
  Open(model, card);  // whatever loading it starts
  for (const int threads : {1, 2}) {
    const ThreadLimit limit(threads);
    const auto most = static_cast<size_t>(MaxThreads());
    const size_t before = Threads();
    const auto teacher = Open(model, card);
    EXPECT_EQ(Threads(), before + most - 1) << threads;
  }
}

TEST_F(OnnxRuntimeTeacherTest, WeightsOutsideTheModelsFolderAreRefused) {
  std::string graph = TinyOnnx::Bytes(1, TinyOnnx::Node("Conv", {"input", "w"}, "output"));
  graph += TinyOnnx::Bytes(2, "g");
  graph += TinyOnnx::Bytes(
      5, TinyOnnx::ExternalTensor("w", {3, 3, 1, 1}, {{"location", "../../etc/hostname"}}));
  graph += TinyOnnx::Bytes(11, TinyOnnx::Value("input", {1, 3, 8, 16}));
  graph += TinyOnnx::Bytes(12, TinyOnnx::Value("output", {1, 3, 8, 16}));
  for (const char* runtime : {"", "runtime: onnxruntime\n"}) {
    const Error error = ErrorOf([&] { Open(TinyOnnx::OfGraph(graph), kCard + runtime); });
    EXPECT_TRUE(Says(error, "no place beside the model")) << error.what();
  }
}

TEST_F(OnnxRuntimeTeacherTest, WhatDoesNotFitIsSaidPlainly) {
  const std::string card = kCard + "runtime: onnxruntime\n";
  const Error unknown =
      ErrorOf([&] { Open(TinyOnnx::Model(16, 8, {kColors}, "NoSuchOperator"), card); });
  EXPECT_EQ(unknown.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(unknown, "ONNX Runtime cannot read") && Says(unknown, "NoSuchOperator"))
      << unknown.what();
  // Where no runtime is named, both say why.
  const Error both =
      ErrorOf([&] { Open(TinyOnnx::Model(16, 8, {kColors}, "NoSuchOperator"), kCard); });
  EXPECT_TRUE(Says(both, "OpenCV") && Says(both, "ONNX Runtime cannot read")) << both.what();
  const Error size = ErrorOf([&] { Open(TinyOnnx::Model(32, 8, {kColors}), card); });
  EXPECT_EQ(size.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(size, "does not run on an input of 16x8")) << size.what();
  const Error output =
      ErrorOf([&] { Open(TinyOnnx::Model(16, 8, {kColors}), card + "output: logits\n"); });
  EXPECT_TRUE(Says(output, "no output \"logits\"") && Says(output, "output [1,3,8,16]"))
      << output.what();
}

}  // namespace

// Says so, rather than failing in some other way.
TEST(OnnxRuntimeAbsentTest, ACardThatNamesItIsRefused) {
#ifdef SHADOWTUTOR_HAS_ONNXRUNTIME
  GTEST_SKIP() << "this build has ONNX Runtime";
#endif
  const TemporaryFolder folder;
  WriteText(folder / "m.onnx", TinyOnnx::Model(16, 8, {kColors}));
  WriteText(folder / "card.yaml", kCard + "runtime: onnxruntime\n");
  const Error error = ErrorOf([&] { OpenTeacher(folder / "card.yaml"); });
  EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(Says(error, "scripts/fetch-onnxruntime")) << error.what();
}

}  // namespace shadowtutor::teacher
