#include "shadowtutor/student.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "api/testing/scene.h"
#include "core/testing/code_of.h"
#include "shadowtutor/version.h"

namespace shadowtutor {
namespace {

TEST(Student, IsTheSameAfterAFileAndAfterBytes) {
  const Student student = api::SceneStudent();
  const auto file = std::filesystem::path(testing::TempDir()) / "api_student.safetensors";
  student.Save(file.string());
  for (const Student& read : {Student::Load(file.string()), Student::Parse(student.Serialize())}) {
    EXPECT_EQ(read.checksum(), student.checksum());
    EXPECT_EQ(read.classes(), student.classes());
    EXPECT_EQ(read.background(), 0);
    EXPECT_EQ(read.parameter_count(), student.parameter_count());
  }
  std::filesystem::remove(file);
}

TEST(Student, WrongFilesAndOptionsAreErrors) {
  EXPECT_EQ(CodeOf([] { Student::Load("/no/such.safetensors"); }), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf([] { Student::Parse(std::vector<uint8_t>{1, 2, 3}); }), ErrorCode::kDataLoss);
  EXPECT_EQ(CodeOf([] { Student::Fresh({{"only", {}}}); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([] {
              Student::Fresh({{"a", {}}, {"b", {}}}, {.background = 2});
            }),
            ErrorCode::kInvalidArgument);
}

TEST(Predictor, UsesTheStudentThatItWasGivenLast) {
  const Student one = api::SceneStudent();
  const Student other = Student::Fresh(one.classes(), {.background = 0, .width = 0.25, .seed = 7});
  LabelMap of_one, of_other, labels;
  const Image frame = api::SceneFrame(3);
  Predictor(one).Predict(frame, of_one);
  Predictor(other).Predict(frame, of_other);
  ASSERT_EQ(of_one.size(), frame.size());
  ASSERT_NE(of_one, of_other);
  Predictor predictor(one);
  predictor.Use(other);
  predictor.Predict(frame, labels);
  EXPECT_EQ(labels, of_other);
}

TEST(Predictor, OneThreadGivesTheSameLabels) {
  EXPECT_EQ(CodeOf([] { SetMaxThreads(-1); }), ErrorCode::kInvalidArgument);
  LabelMap of_all, of_one;
  const Image frame = api::SceneFrame(3);
  Predictor predictor(api::SceneStudent());
  predictor.Predict(frame, of_all);
  SetMaxThreads(1);
  predictor.Predict(frame, of_one);
  SetMaxThreads(0);
  EXPECT_EQ(of_all, of_one);
}

TEST(Version, IsTheProjects) { EXPECT_STREQ(Version(), SHADOWTUTOR_VERSION); }

}  // namespace
}  // namespace shadowtutor
