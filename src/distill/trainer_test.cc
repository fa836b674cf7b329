#include "distill/trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "distill/loss_weights.h"
#include "distill/miou.h"

namespace shadowtutor::distill {
namespace {

const ClassList kClasses = {{"disc", {255, 0, 0}}, {"background", {}}};
constexpr int kBackground = 1;

// The published network's shape at a quarter of its width.
nn::Checkpoint SmallStudent(uint64_t seed) {
  const nn::NetworkSpec spec{.classes = 2,
                             .in_conv1 = 8,
                             .in_conv2 = 8,
                             .enc1 = 16,
                             .enc2 = 16,
                             .enc3 = 32,
                             .dec1 = 16,
                             .dec2 = 16,
                             .dec3 = 16,
                             .out = 16};
  return nn::FreshStudent(spec, kClasses, kBackground, seed);
}

struct Scene {
  Image frame{64, 48};
  TeacherAnswer answer;
};

// A bright disc on a dark background with a gradient.
Scene DiscScene() {
  Scene scene;
  scene.answer.label = LabelMap(64, 48, kBackground);
  for (int y = 0; y < 48; ++y) {
    for (int x = 0; x < 64; ++x) {
      uint8_t* pixel = scene.frame.row(y) + ptrdiff_t{3} * x;
      const bool inside = (x - 26) * (x - 26) + (y - 22) * (y - 22) < 14 * 14;
      pixel[0] = static_cast<uint8_t>(inside ? 40 : x);
      pixel[1] = static_cast<uint8_t>(inside ? 90 : 2 * y);
      pixel[2] = static_cast<uint8_t>(inside ? 230 : 60);
      if (inside) scene.answer.label.at(x, y) = 0;
    }
  }
  return scene;
}

std::vector<float> Copy(std::span<const float> values) { return {values.begin(), values.end()}; }

TEST(Trainer, TeachesASceneAndLeavesTheFrozenPartAlone) {
  const Scene scene = DiscScene();
  const nn::Checkpoint student = SmallStudent(1);
  TrainerOptions options;
  options.threshold = 0.99;
  options.max_updates = 40;
  Trainer trainer(student, options);
  const TrainResult result = trainer.Train(scene.frame, scene.answer);

  EXPECT_TRUE(result.changed);
  EXPECT_GT(result.steps, 0);
  EXPECT_GT(result.metric, result.initial_metric + 0.2);
  // The metric belongs to the weights that were kept.
  EXPECT_EQ(MeanIoU(trainer.learner().Predict(), scene.answer.label, 2), result.metric);
  const size_t cut = student.layout->TrainedOffset(nn::kPartialDistillation);
  const auto weights = Copy(trainer.learner().weights());
  EXPECT_TRUE(std::equal(weights.begin(), weights.begin() + cut, student.weights.begin()));
  EXPECT_FALSE(std::equal(weights.begin() + cut, weights.end(), student.weights.begin() + cut));
}

TEST(Trainer, ASceneThatIsKnownCostsNoStep) {
  Scene scene = DiscScene();
  Trainer trainer(SmallStudent(1), {});
  trainer.learner().SetFrame(scene.frame);
  scene.answer.label = trainer.learner().Predict();
  const auto before = Copy(trainer.learner().weights());
  const TrainResult result = trainer.Train(scene.frame, scene.answer);
  EXPECT_EQ(result.steps, 0);
  EXPECT_FALSE(result.changed);
  EXPECT_EQ(result.metric, 1.0);
  EXPECT_EQ(Copy(trainer.learner().weights()), before);
}

TEST(Trainer, WithoutAnImprovementNothingRemainsOfTheSteps) {
  const Scene scene = DiscScene();
  TrainerOptions options;
  options.threshold = 0.99;
  options.adam.learning_rate = 1e-12;  // too small to change a prediction
  options.max_updates = 3;
  Trainer trainer(SmallStudent(1), options);
  const auto before = Copy(trainer.learner().weights());
  const TrainResult result = trainer.Train(scene.frame, scene.answer);
  EXPECT_EQ(result.steps, 3);
  EXPECT_FALSE(result.changed);
  EXPECT_EQ(result.metric, result.initial_metric);
  EXPECT_EQ(Copy(trainer.learner().weights()), before);
  nn::LearnerState state;
  trainer.learner().SaveState(state);
  EXPECT_EQ(state.adam_steps, 0);
}

TEST(Trainer, TheTeachersInstancesDecideTheWeights) {
  const Scene scene = DiscScene();
  const auto trained_with = [&](const TeacherAnswer& answer) {
    TrainerOptions options;
    options.threshold = 0.99;
    options.max_updates = 1;
    Trainer trainer(SmallStudent(1), options);
    trainer.Train(scene.frame, answer);
    // The gradient shows the step that was taken, whether or not its weights were kept.
    return Copy(trainer.learner().gradient());
  };
  const auto of_components = trained_with(scene.answer);
  TeacherAnswer same = scene.answer;
  same.has_instances = true;
  same.instances = {{13, 9, 27, 27}};  // the disc's own box
  EXPECT_EQ(trained_with(same), of_components);
  TeacherAnswer none = scene.answer;
  none.has_instances = true;
  EXPECT_NE(trained_with(none), of_components);
}

TEST(Trainer, AStepByItselfIsTheOneThatTrainTakes) {
  const Scene scene = DiscScene();
  TrainerOptions options;
  options.threshold = 0.99;
  options.max_updates = 1;
  Trainer whole(SmallStudent(1), options);
  const TrainResult result = whole.Train(scene.frame, scene.answer);

  Trainer single(SmallStudent(1), options);
  const std::vector<float> weights =
      LossWeights(scene.frame.size(), ComponentBoxes(scene.answer.label, kBackground));
  EXPECT_THROW(single.Step(scene.answer.label, weights), Error);  // no frame
  single.learner().SetFrame(scene.frame);
  const StepResult step = single.Step(scene.answer.label, weights);
  EXPECT_GT(step.loss, 0);
  EXPECT_EQ(std::max(result.initial_metric, step.metric), result.metric);
  EXPECT_EQ(Copy(single.learner().gradient()), Copy(whole.learner().gradient()));
  EXPECT_THROW(single.Step(LabelMap(48, 64), weights), Error);
}

TrainerOptions AveragedOptions() {
  TrainerOptions options;
  options.threshold = 1;
  options.max_updates = 10;
  options.first_updates = 24;
  options.fresh_moments = true;
  options.averaging = 0.5;
  return options;
}

TEST(Trainer, TrainingInPartsTakesAllStepsAndKeepsTheMoments) {
  const Scene scene = DiscScene();
  Trainer trainer(SmallStudent(1), AveragedOptions());
  EXPECT_FALSE(trainer.CanContinue());
  EXPECT_THROW(trainer.Continue(scene.frame, scene.answer, 1), Error);
  const TrainResult first = trainer.Train(scene.frame, scene.answer, {}, 4);
  EXPECT_EQ(first.steps, 4);
  EXPECT_EQ(trainer.steps_left(), 20);
  double metric = first.metric;
  while (trainer.steps_left() > 0) {
    ASSERT_TRUE(trainer.CanContinue());
    const TrainResult part = trainer.Continue(scene.frame, scene.answer, 4);
    EXPECT_EQ(part.steps, 4);
    EXPECT_TRUE(part.changed);
    EXPECT_EQ(part.initial_metric, metric) << "a part begins where the one before ended";
    metric = part.metric;
  }
  EXPECT_GT(metric, first.initial_metric + 0.2);
  nn::LearnerState state;
  trainer.learner().SaveState(state);
  EXPECT_EQ(state.adam_steps, 24) << "the moments began anew within a key frame";
  // More than the policy's steps may be taken.
  EXPECT_EQ(trainer.Continue(scene.frame, scene.answer, 3).steps, 3);
  EXPECT_EQ(trainer.steps_left(), 0);

  // The next key frame begins anew, with the usual number of steps.
  EXPECT_EQ(trainer.Train(scene.frame, scene.answer, {}, 4).steps, 4);
  EXPECT_EQ(trainer.steps_left(), 6);
  trainer.learner().SaveState(state);
  EXPECT_EQ(state.adam_steps, 4);
}

TEST(Trainer, APartThatIsStoppedKeepsItsSteps) {
  const Scene scene = DiscScene();
  Trainer trainer(SmallStudent(1), AveragedOptions());
  trainer.Train(scene.frame, scene.answer, {}, 4);
  const auto before = Copy(trainer.trained());
  const TrainResult none = trainer.Continue(scene.frame, scene.answer, 4, [] { return true; });
  EXPECT_EQ(none.steps, 0);
  EXPECT_FALSE(none.changed);
  EXPECT_EQ(Copy(trainer.trained()), before);
  int asked = 0;
  EXPECT_EQ(trainer.Continue(scene.frame, scene.answer, 4, [&] { return ++asked > 1; }).steps, 1);
  EXPECT_EQ(trainer.steps_left(), 19);
}

TEST(Trainer, NothingComesAfterAPlateauOrAThreshold) {
  const Scene scene = DiscScene();
  TrainerOptions options = AveragedOptions();
  options.adam.learning_rate = 1e-12;  // the metric does not change
  options.plateau_steps = 6;           // more than a part has: they are counted across parts
  Trainer slow(SmallStudent(1), options);
  slow.Train(scene.frame, scene.answer, {}, 4);
  EXPECT_TRUE(slow.CanContinue());
  EXPECT_LT(slow.Continue(scene.frame, scene.answer, 4).steps, 4);
  EXPECT_FALSE(slow.CanContinue());

  options = AveragedOptions();
  options.threshold = 0.01;
  Trainer known(SmallStudent(1), options);
  EXPECT_EQ(known.Train(scene.frame, scene.answer, {}, 4).steps, 0);
  EXPECT_FALSE(known.CanContinue());
}

TEST(Trainer, RefusesWhatDoesNotFit) {
  const nn::Checkpoint student = SmallStudent(1);
  EXPECT_THROW(Trainer(student, {.threshold = 1.01, .adam = {}}), Error);
  EXPECT_THROW(
      Trainer(student, {.threshold = std::numeric_limits<double>::quiet_NaN(), .adam = {}}), Error);
  EXPECT_THROW(Trainer(student, {.max_updates = -1, .adam = {}}), Error);
  EXPECT_THROW(Trainer(student, {.max_updates = 1000000, .adam = {}}), Error);
  TrainerOptions options;
  options.adam.learning_rate = 0;
  EXPECT_THROW(Trainer(student, options), Error);

  Trainer trainer(student, {});
  Scene scene = DiscScene();
  scene.answer.label = LabelMap(48, 64);
  EXPECT_THROW(trainer.Train(scene.frame, scene.answer), Error);
  scene.answer.label = LabelMap(64, 48, 2);  // only classes 0 and 1 exist
  EXPECT_THROW(trainer.Train(scene.frame, scene.answer), Error);
  EXPECT_THROW(trainer.Train(ImageView(), {}), Error);
}

}  // namespace
}  // namespace shadowtutor::distill
