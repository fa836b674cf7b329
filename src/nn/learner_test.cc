// Tests of what a trainer relies on: the same bits with any number of threads, after restoring a
// state, and whichever frames came before.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/parallel.h"
#include "nn/learner.h"
#include "nn/predictor.h"
#include "nn/testing/engine_scene.h"
#include "nn/testing/random_data.h"

namespace shadowtutor::nn {
namespace {

TEST(Learner, TrainingLowersTheLossAndLeavesTheFrozenPartAlone) {
  const Scene scene = DrawScene(WithClasses(kPublished, 4), 64, 48, kPartialDistillation, 700);
  Learner learner = MakeLearner(scene, kPartialDistillation);
  learner.SetFrame(scene.frame);
  learner.Predict();
  const double before = learner.LossAndGradient(scene.label, scene.weights);
  for (int step = 0; step < 20; ++step) Step(learner, scene);
  learner.Predict();
  EXPECT_LT(learner.LossAndGradient(scene.label, scene.weights), 0.7 * before);
  const size_t frozen = scene.student.layout->TrainedOffset(kPartialDistillation);
  EXPECT_TRUE(std::equal(learner.weights().begin(),
                         learner.weights().begin() + static_cast<ptrdiff_t>(frozen),
                         scene.student.weights.begin()));
  EXPECT_TRUE(std::equal(learner.trained().begin(), learner.trained().end(),
                         learner.weights().begin() + static_cast<ptrdiff_t>(frozen)));
}

// The results that must not depend on the number of threads.
struct Outcome {
  LabelMap labels, predicted;
  double loss = 0;
  std::vector<float> gradient, weights;
  bool operator==(const Outcome&) const = default;
};

Outcome Train(const Scene& scene, Stage cut, int threads) {
  const ThreadLimit limit(threads);
  Outcome outcome;
  Learner learner = MakeLearner(scene, cut);
  learner.SetFrame(scene.frame);
  outcome.labels = learner.Predict();
  outcome.loss = learner.LossAndGradient(scene.label, scene.weights);
  outcome.gradient = Copy(learner.gradient());
  for (int step = 0; step < 3; ++step) Step(learner, scene);
  outcome.weights = Copy(learner.weights());
  Predictor predictor(PackWeights(scene.student.layout, outcome.weights));
  outcome.predicted = predictor.Predict(scene.frame);
  return outcome;
}

TEST(Learner, ResultsAreBitIdenticalForAnyThreadCount) {
  uint64_t seed = 800;
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{160, 96}, {91, 131}, {33, 1}}) {
    for (const Stage cut : {kFullDistillation, kPartialDistillation}) {
      // Kinks of ReLUs do not matter here, because all results come from the same arithmetic.
      RandomData random(seed++);
      Scene scene;
      scene.student = random.Student(kPublished);
      scene.frame = random.Frame(width, height);
      scene.label = random.Label(width, height, 9);
      scene.weights = random.PixelWeights(width, height);
      const Outcome one = Train(scene, cut, 1);
      for (const int threads : {0, 2, 3, 4}) {
        EXPECT_TRUE(Train(scene, cut, threads) == one) << threads << " threads, " << width;
      }
    }
  }
}

TEST(Learner, RestoredStateContinuesBitIdentically) {
  for (const Stage cut : {kFullDistillation, kPartialDistillation, Stage::kOutConv2}) {
    const Scene scene = DrawScene(kHalf, 56, 40, cut, 900);
    Learner learner = MakeLearner(scene, cut);
    learner.SetFrame(scene.frame);
    for (int step = 0; step < 3; ++step) Step(learner, scene);
    LearnerState state;
    learner.SaveState(state);
    EXPECT_EQ(state.adam_steps, 3);
    EXPECT_EQ(state.trained, Copy(learner.trained()));
    const LabelMap labels = learner.Predict();
    for (int step = 0; step < 3; ++step) Step(learner, scene);
    const auto weights = Copy(learner.weights());
    ASSERT_NE(Copy(learner.trained()), state.trained);

    learner.RestoreState(state);
    EXPECT_EQ(Copy(learner.trained()), state.trained);
    EXPECT_EQ(learner.Predict(), labels);
    for (int step = 0; step < 3; ++step) Step(learner, scene);
    EXPECT_EQ(Copy(learner.weights()), weights);

    // A new learner that restores the state continues in the same way.
    Learner other = MakeLearner(scene, cut);
    other.RestoreState(state);
    other.SetFrame(scene.frame);
    for (int step = 0; step < 3; ++step) Step(other, scene);
    EXPECT_EQ(Copy(other.weights()), weights);
  }
}

TEST(Learner, FourStepsOfASampledLossSeeAllPixels) {
  const Scene scene = DrawScene(WithClasses(kHalf, 3), 64, 48, kFullDistillation, 830);
  const auto make = [&](const LossOptions& loss) {
    Learner learner(scene.student.layout, scene.student.weights, kFullDistillation,
                    {.learning_rate = 0}, loss);  // so that all steps have the same weights
    learner.SetFrame(scene.frame);
    return learner;
  };
  Learner all = make({});
  const double loss = all.LossAndGradient(scene.label, scene.weights);
  Learner sampled = make({.pixel_stride = 2});
  LearnerState begin;
  sampled.SaveState(begin);
  std::vector<double> losses, mean(all.gradient().size());
  for (int step = 0; step < 4; ++step) {
    losses.push_back(sampled.LossAndGradient(scene.label, scene.weights));
    for (size_t k = 0; k < mean.size(); ++k) mean[k] += sampled.gradient()[k] / 4.0;
    for (int other = 0; other < step; ++other) {
      EXPECT_NE(losses[static_cast<size_t>(step)], losses[static_cast<size_t>(other)]);
    }
    sampled.AdamStep();
  }
  EXPECT_NEAR((losses[0] + losses[1] + losses[2] + losses[3]) / 4, loss, 1e-6 * loss);
  double difference = 0, length = 0;
  for (size_t k = 0; k < mean.size(); ++k) {
    difference += std::pow(mean[k] - all.gradient()[k], 2);
    length += std::pow(all.gradient()[k], 2);
  }
  EXPECT_LT(difference, 1e-8 * length);
  // The next round begins one later, and every second step sees all pixels, too.
  for (int step = 4; step < 8; ++step) {
    losses.push_back(sampled.LossAndGradient(scene.label, scene.weights));
    EXPECT_EQ(losses.back(), losses[static_cast<size_t>((step + 1) % 4)]);
    sampled.AdamStep();
  }
  EXPECT_NEAR((losses[0] + losses[2] + losses[4] + losses[6]) / 4, loss, 1e-6 * loss);
  // A restored learner begins with the pixels of the first step.
  sampled.RestoreState(begin);
  EXPECT_EQ(sampled.LossAndGradient(scene.label, scene.weights), losses[0]);
}

TEST(Learner, SetTrainedKeepsOrClearsTheMoments) {
  const Stage cut = kPartialDistillation;
  const Scene scene = DrawScene(kHalf, 56, 40, cut, 1000);
  Learner learner = MakeLearner(scene, cut);
  learner.SetFrame(scene.frame);
  const auto start = Copy(learner.trained());
  for (int step = 0; step < 2; ++step) Step(learner, scene);
  const auto two_steps = Copy(learner.trained());
  Step(learner, scene);
  const auto three_steps = Copy(learner.trained());

  // With the moments cleared, training goes as from the beginning.
  learner.SetTrained(start, false);
  for (int step = 0; step < 2; ++step) Step(learner, scene);
  EXPECT_EQ(Copy(learner.trained()), two_steps);
  // With the moments kept, training goes as if nothing had been set.
  learner.SetTrained(two_steps, true);
  Step(learner, scene);
  EXPECT_EQ(Copy(learner.trained()), three_steps);
}

// A learner that holds a frame must compute the same bits as one that sets it again.
TEST(Learner, GoingToAnotherFrameAndBackChangesNothing) {
  for (const Arithmetic arithmetic : {Arithmetic::kReference, Arithmetic::kFast}) {
    for (int c = 0; c < kStages; ++c) {
      const Stage cut = static_cast<Stage>(c);
      const Scene scene = DrawScene(ScaledSpec(5, 1, c % 2 + 1), 56, 40, cut, 1200);
      RandomData random(1201);
      const Image others[] = {random.Frame(56, 40), random.Frame(31, 70), random.Frame(56, 40)};
      Learner holding = MakeLearner(scene, cut, arithmetic);
      Learner setting = MakeLearner(scene, cut, arithmetic);
      EXPECT_THROW(holding.HoldFrame(), Error);
      holding.SetFrame(scene.frame);
      setting.SetFrame(scene.frame);
      Step(holding, scene);
      Step(setting, scene);
      EXPECT_THROW(holding.ReturnToHeldFrame(), Error);
      for (const Image& other : others) {
        const LabelMap label = random.Label(other.width(), other.height(), 5);
        holding.HoldFrame();
        for (Learner* learner : {&holding, &setting}) {
          learner->SetFrame(other);
          learner->LossAndGradient(label, {});
          learner->AdamStep();
        }
        holding.ReturnToHeldFrame();
        setting.SetFrame(scene.frame);
        const std::string where = std::string(StageName(cut)) + ", " + std::to_string(c);
        EXPECT_EQ(holding.Predict(), setting.Predict()) << where;
        EXPECT_EQ(Step(holding, scene), Step(setting, scene)) << where;
        EXPECT_EQ(Copy(holding.weights()), Copy(setting.weights())) << where;
      }
      // What was held for one frame must not come back for another.
      holding.SetFrame(others[0]);
      holding.HoldFrame();
      holding.SetFrame(scene.frame);
      holding.ReturnToHeldFrame();
      setting.SetFrame(others[0]);
      EXPECT_EQ(holding.Predict(), setting.Predict());
      holding.HoldFrame();
      holding.ReturnToHeldFrame();
      EXPECT_EQ(holding.Predict(), setting.Predict()) << "no other frame was set in between";
      holding.HoldFrame();
      holding.UseWorkspace(nullptr);
      EXPECT_THROW(holding.ReturnToHeldFrame(), Error) << "the frame went with its workspace";
    }
  }
}

TEST(Learner, AdamStepsOfChosenWeightsLeaveTheOthers) {
  const Scene scene = DrawScene(kHalf, 56, 40, kPartialDistillation, 1250);
  Learner all = MakeLearner(scene, kPartialDistillation);
  Learner some = MakeLearner(scene, kPartialDistillation);
  std::vector<uint32_t> chosen;
  for (uint32_t i = 0; i < some.trained().size(); i += 3) chosen.push_back(i);
  LearnerState begin, state;
  some.SaveState(begin);
  for (Learner* learner : {&all, &some}) {
    learner->SetFrame(scene.frame);
    learner->LossAndGradient(scene.label, scene.weights);
  }
  for (int step = 0; step < 3; ++step) {  // along the same gradient
    all.AdamStep();
    some.AdamStep(chosen);
  }
  some.SaveState(state);
  EXPECT_EQ(state.adam_steps, 3);
  for (size_t i = 0; i < state.trained.size(); ++i) {
    ASSERT_EQ(state.trained[i], i % 3 == 0 ? all.trained()[i] : begin.trained[i]) << i;
    ASSERT_TRUE(i % 3 == 0 || state.moment1[i] == 0) << i;
  }
  chosen.push_back(static_cast<uint32_t>(some.trained().size()));
  EXPECT_THROW(some.AdamStep(chosen), Error);
}

TEST(Learner, NoWeightsOfPixelsAreWeightsOfOne) {
  for (const int width : {64, 45}) {  // one is a multiple of 32, the other is odd
    Scene scene = DrawScene(kHalf, width, 40, kPartialDistillation, 1300);
    std::fill(scene.weights.begin(), scene.weights.end(), 1.0f);
    for (const LossOptions& loss :
         {LossOptions(), LossOptions{.jaccard_weight = 1}, LossOptions{.pixel_stride = 2}}) {
      const auto gradient = [&](std::span<const float> weights) {
        Learner learner(scene.student.layout, scene.student.weights, kPartialDistillation, {},
                        loss);
        learner.SetFrame(scene.frame);
        const double value = learner.LossAndGradient(scene.label, weights);
        auto all = Copy(learner.gradient());
        all.push_back(static_cast<float>(value));
        return all;
      };
      EXPECT_EQ(gradient({}), gradient(scene.weights)) << width;
    }
  }
}

TEST(Learner, FramesComeAndGo) {
  const Scene first = DrawScene(kHalf, 56, 40, kPartialDistillation, 1100);
  RandomData random(1101);
  Learner learner = MakeLearner(first, kPartialDistillation);
  learner.SetFrame(first.frame);
  const LabelMap labels = learner.Predict();
  const double loss = learner.LossAndGradient(first.label, first.weights);
  const auto gradient = Copy(learner.gradient());
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{31, 70}, {64, 64}, {1, 1}, {120, 8}}) {
    learner.SetFrame(random.Frame(width, height));
    EXPECT_EQ(learner.Predict().size(), (FrameSize{width, height}));
  }
  // Frames of other sizes in between must not change the result.
  learner.SetFrame(first.frame);
  EXPECT_EQ(learner.Predict(), labels);
  EXPECT_EQ(learner.LossAndGradient(first.label, first.weights), loss);
  EXPECT_EQ(Copy(learner.gradient()), gradient);
  // Nor must another student that used the same workspace before.
  const auto workspace = std::make_shared<TrainingWorkspace>();
  Learner other(random.Student(kHalf).layout, random.Student(kHalf).weights, Stage::kEnc2);
  other.UseWorkspace(workspace);
  other.SetFrame(random.Frame(40, 24));
  other.Predict();
  other.UseWorkspace(nullptr);
  EXPECT_THROW(other.Predict(), Error);
  learner.UseWorkspace(workspace);
  learner.SetFrame(first.frame);
  EXPECT_EQ(learner.Predict(), labels);
  EXPECT_EQ(learner.LossAndGradient(first.label, first.weights), loss);
  EXPECT_EQ(Copy(learner.gradient()), gradient);
}

}  // namespace
}  // namespace shadowtutor::nn
