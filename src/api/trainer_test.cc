#include "shadowtutor/trainer.h"

#include <gtest/gtest.h>

#include "api/testing/scene.h"
#include "core/testing/code_of.h"

namespace shadowtutor {
namespace {

using api::SceneAnswer;
using api::SceneFrame;
using api::SceneStudent;

TEST(PublicTrainer, TrainsAndLeavesTheStudentThatItWasGiven) {
  const Student student = SceneStudent();
  const uint64_t before = student.checksum();
  Trainer trainer(student);
  const Trained trained = trainer.Train(0, SceneFrame(0), SceneAnswer(0));
  EXPECT_GT(trained.steps, 0);
  EXPECT_GT(trained.metric, trained.initial_metric);
  EXPECT_FALSE(trained.message.empty());
  EXPECT_EQ(student.checksum(), before);
  EXPECT_NE(trainer.student().checksum(), before);
  LabelMap labels;
  Predictor(trainer.student()).Predict(SceneFrame(0), labels);
  EXPECT_DOUBLE_EQ(MeanIoU(labels, SceneAnswer(0).label, 2), trained.metric);
}

TEST(PublicTrainer, PolicyPartsAreObeyed) {
  TrainerOptions options;
  options.policy = "paper";
  options.parts = {{"max-updates", "3"}, {"threshold", "0.99"}, {"cut", "in_conv1"}};
  Trainer trainer(SceneStudent(), options);
  EXPECT_LE(trainer.Train(0, SceneFrame(0), SceneAnswer(0)).steps, 3);
  for (const PolicyOptions& wrong :
       {PolicyOptions{"perfect", {}}, PolicyOptions{"paper", {{"speed", "1"}}},
        PolicyOptions{"paper", {{"max-updates", "many"}}}}) {
    TrainerOptions with;
    with.policy = wrong.policy;
    with.parts = wrong.parts;
    EXPECT_EQ(CodeOf([&] { Trainer(SceneStudent(), with); }), ErrorCode::kInvalidArgument);
  }
}

TEST(PublicTrainer, AnswersThatDoNotFitAreErrorsAndChangeNothing) {
  Trainer trainer(SceneStudent());
  const uint64_t before = trainer.student().checksum();
  TeacherAnswer small;
  small.label = LabelMap(8, 8);
  EXPECT_EQ(CodeOf([&] { trainer.Train(0, SceneFrame(0), small); }), ErrorCode::kInvalidArgument);
  TeacherAnswer cut_off = SceneAnswer(0);
  cut_off.label.labels().pop_back();
  EXPECT_EQ(CodeOf([&] { trainer.Train(0, SceneFrame(0), cut_off); }), ErrorCode::kInvalidArgument);
  TeacherAnswer strange = SceneAnswer(0);
  strange.label.at(3, 3) = 2;
  EXPECT_EQ(CodeOf([&] { trainer.Train(0, SceneFrame(0), strange); }), ErrorCode::kInvalidArgument);
  TeacherAnswer outside = SceneAnswer(0);
  outside.has_instances = true;
  outside.instances = {{60, 40, 20, 20}};
  EXPECT_EQ(CodeOf([&] { trainer.Train(0, SceneFrame(0), outside); }), ErrorCode::kInvalidArgument);
  for (const ImageView& empty : {ImageView(), ImageView(nullptr, 64, 48)}) {
    EXPECT_EQ(CodeOf([&] { trainer.Train(0, empty, SceneAnswer(0)); }),
              ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(trainer.student().checksum(), before);
}

TEST(PublicStride, IsAlgorithm2) {
  EXPECT_EQ(NextStride(8, 0.8), 8);
  EXPECT_GT(NextStride(8, 0.95), 8);
  EXPECT_EQ(NextStride(64, 1), 64);
  EXPECT_EQ(CodeOf([] { NextStride(8, 0.5, 1.5); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace shadowtutor
