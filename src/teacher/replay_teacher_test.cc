#include <gtest/gtest.h>

#include <chrono>

#include "core/atomic_file.h"
#include "teacher/open_teacher.h"
#include "teacher/teacher.h"
#include "video/label_png.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::PlainImage;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

class ReplayTeacherTest : public ::testing::Test {
 protected:
  ReplayTeacherTest() {
    std::filesystem::create_directory(folder_ / "labels");
    WriteText(folder_ / "card.yaml",
              "kind: replay\nfolder: labels\nclasses: [background, cat, dog]\n"
              "student: {classes: [animal, background], map: {cat: animal, dog: animal}}\n");
  }
  void Put(uint64_t index, const LabelMap& labels) {
    WriteFileAtomically(folder_ / "labels" / video::LabelFileName(index),
                        video::EncodeLabelPng(labels));
  }
  Error LabelError(uint64_t index) {
    return ErrorOf([&] { OpenTeacher(folder_ / "card.yaml")->Label(frame_, index); });
  }

  const TemporaryFolder folder_;
  const Image frame_ = PlainImage(6, 4, 0, 0, 0);
};

TEST_F(ReplayTeacherTest, GivesEachFrameItsLabelMapped) {
  Put(0, LabelMap(6, 4, 0));
  Put(1, LabelMap(6, 4, 2));
  const auto teacher = OpenTeacher(folder_ / "card.yaml");
  EXPECT_EQ(teacher->classes().size(), 2u);
  EXPECT_EQ(teacher->background(), 1);
  EXPECT_EQ(teacher->Label(frame_, 1).label, LabelMap(6, 4, 0));
  EXPECT_EQ(teacher->Label(frame_, 0).label, LabelMap(6, 4, 1));
}

TEST_F(ReplayTeacherTest, TakesAsLongAsItsCardPretends) {
  Put(0, LabelMap(6, 4, 2));
  WriteText(folder_ / "slow.yaml",
            "kind: replay\nfolder: labels\nclasses: [background, cat, dog]\n"
            "seconds_per_frame: 0.02\n");
  const auto teacher = OpenTeacher(folder_ / "slow.yaml");
  EXPECT_NE(teacher->description().find("0.02 s a frame"), std::string::npos);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(teacher->Label(frame_, 0).label, LabelMap(6, 4, 2));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(20));
  for (const char* bad : {"-1", "1e9", "soon"}) {
    WriteText(folder_ / "bad.yaml",
              "kind: replay\nfolder: labels\nclasses: [background, cat, dog]\n"
              "seconds_per_frame: " +
                  std::string(bad) + "\n");
    const Error error = ErrorOf([&] { OpenTeacher(folder_ / "bad.yaml"); });
    EXPECT_TRUE(Says(error, "seconds_per_frame") && Says(error, "bad.yaml:4")) << error.what();
  }
}

TEST_F(ReplayTeacherTest, AMissingLabelNamesItsFile) {
  const Error error = LabelError(42);
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Says(error, "labels/000042.png")) << error.what();
}

TEST_F(ReplayTeacherTest, AnotherSizeSaysBoth) {
  Put(0, LabelMap(8, 4, 0));
  const Error error = LabelError(0);
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(error, "8x4") && Says(error, "6x4") && Says(error, "000000.png"))
      << error.what();
}

TEST_F(ReplayTeacherTest, AClassThatTheCardDoesNotList) {
  Put(0, LabelMap(6, 4, 3));
  const Error error = LabelError(0);
  EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(error, "class index 3") && Says(error, "3 classes")) << error.what();
}

TEST_F(ReplayTeacherTest, GivesTheInstancesThatStandBesideALabel) {
  for (const uint64_t i : {0, 1, 2}) Put(i, LabelMap(6, 4, 1));
  WriteText(folder_ / "labels/000001.boxes", "1 2 3 2\n0 0 6 4\n");
  WriteText(folder_ / "labels/000002.boxes", "");
  const auto teacher = OpenTeacher(folder_ / "card.yaml");
  EXPECT_FALSE(teacher->Label(frame_, 0).has_instances);
  const Answer two = teacher->Label(frame_, 1);
  EXPECT_TRUE(two.has_instances);
  EXPECT_EQ(two.instances, (std::vector<Box>{{1, 2, 3, 2}, {0, 0, 6, 4}}));
  EXPECT_EQ(two.label, LabelMap(6, 4, 0));
  const Answer none = teacher->Label(frame_, 2);
  EXPECT_TRUE(none.has_instances);
  EXPECT_TRUE(none.instances.empty());
}

TEST_F(ReplayTeacherTest, DamagedInstancesCostTheFrame) {
  Put(0, LabelMap(6, 4, 1));
  WriteText(folder_ / "labels/000000.boxes", "0 0 7 4\n");
  const Error error = LabelError(0);
  EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(error, "000000.boxes, line 1")) << error.what();
}

TEST_F(ReplayTeacherTest, WithoutItsFolder) {
  std::filesystem::remove_all(folder_ / "labels");
  const Error error = ErrorOf([&] { OpenTeacher(folder_ / "card.yaml"); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Says(error, "labels")) << error.what();
}

}  // namespace
}  // namespace shadowtutor::teacher
