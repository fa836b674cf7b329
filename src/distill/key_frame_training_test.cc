#include "distill/key_frame_training.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace shadowtutor::distill {
namespace {

constexpr int kClasses = 2;
constexpr int kPixels = 20;

// A prediction in which `right` of 20 pixels are right. Every label is 0 and every wrong pixel is
// of class 1, so class 0 has an IoU of right/20 and class 1 of 0.
LabelMap Prediction(int right) {
  LabelMap map(kPixels, 1, 0);
  for (int x = right; x < kPixels; ++x) map.at(x, 0) = 1;
  return map;
}
double MetricOf(int right) {
  const double share = static_cast<double>(right) / kPixels;
  return right == kPixels ? 1.0 : share / 2;
}

// Behaves like nn::Learner. Its only weight is the index of the script entry that it predicts.
class ScriptedLearner {
 public:
  explicit ScriptedLearner(std::vector<int> right) : right_(std::move(right)) {}

  void SetFrame(ImageView) { log_ += 'F'; }
  const LabelMap& Predict() {
    log_ += 'P';
    return prediction_ = Prediction(right_.at(weights_));
  }
  double LossAndGradient(const LabelMap&, const std::vector<float>& pixel_weights) {
    log_ += 'G';
    EXPECT_EQ(pixel_weights.size(), size_t{kPixels});
    return 1;
  }
  void AdamStep() {
    log_ += 'A';
    ++weights_;
    ++adam_steps_;
  }
  void SaveState(nn::LearnerState& state) const {
    log_ += 'S';
    state.trained = {static_cast<float>(weights_)};
    state.adam_steps = adam_steps_;
  }
  void RestoreState(const nn::LearnerState& state) {
    log_ += 'R';
    weights_ = static_cast<size_t>(state.trained.at(0));
    adam_steps_ = state.adam_steps;
  }

  size_t weights() const { return weights_; }
  int64_t adam_steps() const { return adam_steps_; }
  const std::string& log() const { return log_; }

 private:
  std::vector<int> right_;
  size_t weights_ = 0;
  int64_t adam_steps_ = 0;
  LabelMap prediction_;
  mutable std::string log_;
};

struct Outcome {
  TrainResult result;
  int weight_maps = 0;
};

Outcome Train(ScriptedLearner& learner, double threshold, int max_updates,
              const std::function<bool()>& stop = {}) {
  const std::vector<uint8_t> pixels(size_t{3} * kPixels);
  const LabelMap label(kPixels, 1, 0);
  Outcome outcome;
  const auto loss_weights = [&] {
    ++outcome.weight_maps;
    return std::vector<float>(kPixels, 1.0f);
  };
  TrainerOptions options;
  options.threshold = threshold;
  options.max_updates = max_updates;
  nn::LearnerState best;
  outcome.result = TrainOnKeyFrame(learner, ImageView(pixels.data(), kPixels, 1), label, kClasses,
                                   loss_weights, options, best, stop);
  return outcome;
}

TEST(TrainOnKeyFrame, DoesNothingAboveTheThreshold) {
  ScriptedLearner learner({18, 20});
  const auto [result, weight_maps] = Train(learner, 0.4, 8);
  EXPECT_EQ(learner.log(), "FP");
  EXPECT_EQ(weight_maps, 0);
  EXPECT_EQ(result.steps, 0);
  EXPECT_FALSE(result.changed);
  EXPECT_DOUBLE_EQ(result.metric, MetricOf(18));
  EXPECT_DOUBLE_EQ(result.initial_metric, MetricOf(18));
}

TEST(TrainOnKeyFrame, StopsWhenItIsToldToWithTheBestWeightsSoFar) {
  ScriptedLearner learner({10, 12, 11, 18, 20});
  int asked = 0;
  const auto [result, weight_maps] = Train(learner, 0.45, 8, [&asked] { return ++asked > 2; });
  EXPECT_EQ(result.steps, 2);
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(learner.weights(), 1u);
  ScriptedLearner untrained({10, 12});
  const auto [none, no_maps] = Train(untrained, 0.45, 8, [] { return true; });
  EXPECT_EQ(none.steps, 0);
  EXPECT_FALSE(none.changed);
  EXPECT_EQ(untrained.weights(), 0u);
}

TEST(StepsFor, LargeFramesGetFewer) {
  EXPECT_EQ(StepsFor(8, {1280, 720}), 8);
  EXPECT_EQ(StepsFor(8, {1920, 1080}), 8);
  EXPECT_EQ(StepsFor(64, {1920, 1080}), 64);
  EXPECT_EQ(StepsFor(8, {3840, 2160}), 2);
  EXPECT_EQ(StepsFor(8, {4096, 4096}), 1);
  EXPECT_EQ(StepsFor(0, {4096, 4096}), 0);
}

TEST(TrainOnKeyFrame, StopsAtTheFirstMetricAboveTheThresholdAndKeepsThoseWeights) {
  ScriptedLearner learner({10, 12, 11, 18, 20});
  const auto [result, weight_maps] = Train(learner, 0.4, 8);
  EXPECT_EQ(learner.log(), "FPSGAPSGAPGAP");
  EXPECT_EQ(weight_maps, 1);
  EXPECT_EQ(result.steps, 3);
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(learner.weights(), 3u);
  EXPECT_EQ(learner.adam_steps(), 3);
  EXPECT_DOUBLE_EQ(result.metric, MetricOf(18));
  EXPECT_DOUBLE_EQ(result.initial_metric, MetricOf(10));
}

TEST(TrainOnKeyFrame, GoesBackToTheBestWeightsAndMoments) {
  ScriptedLearner learner({10, 12, 15, 14, 13});
  const auto [result, weight_maps] = Train(learner, 0.9, 4);
  EXPECT_EQ(learner.log(), "FPSGAPSGAPSGAPGAPR");
  EXPECT_EQ(result.steps, 4);
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(learner.weights(), 2u);
  EXPECT_EQ(learner.adam_steps(), 2);
  EXPECT_DOUBLE_EQ(result.metric, MetricOf(15));
}

TEST(TrainOnKeyFrame, GoesBackToTheStartWhenNothingWasBetter) {
  ScriptedLearner learner({15, 12, 15, 14});  // an equal metric is not an improvement
  const auto [result, weight_maps] = Train(learner, 0.9, 3);
  EXPECT_EQ(learner.log(), "FPSGAPGAPGAPR");
  EXPECT_EQ(result.steps, 3);
  EXPECT_FALSE(result.changed);
  EXPECT_EQ(learner.weights(), 0u);
  EXPECT_EQ(learner.adam_steps(), 0);
  EXPECT_DOUBLE_EQ(result.metric, MetricOf(15));
}

TEST(TrainOnKeyFrame, ComparesStrictlyWithTheThreshold) {
  // A metric equal to the threshold is not enough, neither before training nor after a step.
  ScriptedLearner at_start({16, 20});
  EXPECT_EQ(Train(at_start, MetricOf(16), 8).result.steps, 1);
  ScriptedLearner after_step({10, 16, 20});
  const TrainResult result = Train(after_step, MetricOf(16), 8).result;
  EXPECT_EQ(result.steps, 2);
  EXPECT_EQ(after_step.weights(), 2u);
}

TEST(TrainOnKeyFrame, TakesNoStepWhereNoneIsAllowed) {
  ScriptedLearner learner({10});
  const TrainResult result = Train(learner, 0.9, 0).result;
  EXPECT_EQ(result.steps, 0);
  EXPECT_FALSE(result.changed);
  EXPECT_DOUBLE_EQ(result.metric, MetricOf(10));
}

}  // namespace
}  // namespace shadowtutor::distill
