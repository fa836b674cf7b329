// Tests that BatchLearner computes the mean of what Learner computes for each image, with the same
// bits for any number of threads, and compares it with the reference network for students of every
// width and depth.
#include "nn/batch_learner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/parallel.h"
#include "nn/learner.h"
#include "nn/testing/random_data.h"
#include "nn/testing/reference.h"

namespace shadowtutor::nn {
namespace {

struct Batch {
  std::vector<Image> images;
  std::vector<LabelMap> labels;
  std::vector<std::vector<float>> weights;

  Batch(RandomData& random, const std::vector<FrameSize>& sizes, int classes) {
    for (const FrameSize size : sizes) {
      images.push_back(random.Frame(size.width, size.height));
      labels.push_back(random.Label(size.width, size.height, classes));
      weights.push_back(random.PixelWeights(size.width, size.height));
    }
  }
  std::vector<TrainingSample> samples() const {
    std::vector<TrainingSample> all;
    for (size_t i = 0; i < images.size(); ++i) all.push_back({images[i], &labels[i], weights[i]});
    return all;
  }
};

double Length(std::span<const float> values) {
  double sum = 0;
  for (const float v : values) sum += static_cast<double>(v) * v;
  return std::sqrt(sum);
}

TEST(BatchLearner, GradientIsTheMeanOfTheImagesGradients) {
  RandomData random(3);
  for (const Stage cut : {kFullDistillation, kPartialDistillation}) {
    const Checkpoint student = random.Student(ScaledSpec(4, 1));
    const Batch batch(random, {{96, 64}, {96, 64}, {70, 90}}, 4);
    BatchLearner learner(student.layout, student.weights, cut);
    const double loss = learner.LossAndGradient(batch.samples());

    Learner one(student.layout, student.weights, cut);
    std::vector<double> expected(learner.gradient().size());
    double expected_loss = 0;
    for (size_t i = 0; i < batch.images.size(); ++i) {
      one.SetFrame(batch.images[i]);
      expected_loss += one.LossAndGradient(batch.labels[i], batch.weights[i]) / 3;
      ASSERT_EQ(one.gradient().size(), expected.size());
      for (size_t k = 0; k < expected.size(); ++k) expected[k] += one.gradient()[k] / 3.0;
    }
    EXPECT_NEAR(loss, expected_loss, 1e-6 * expected_loss);
    double difference = 0;
    for (size_t k = 0; k < expected.size(); ++k) {
      difference += std::pow(learner.gradient()[k] - expected[k], 2);
    }
    EXPECT_LT(std::sqrt(difference), 1e-5 * Length(learner.gradient()));
    EXPECT_GT(Length(learner.gradient()), 0);
  }
}

TEST(BatchLearner, AddsTheJaccardLossAsLearnerDoes) {
  RandomData random(4);
  const Checkpoint student = random.Student(ScaledSpec(3, 0.5));
  const Batch batch(random, {{64, 48}, {70, 90}}, 3);
  const LossOptions with{.jaccard_weight = 0.7};
  BatchLearner learner(student.layout, student.weights, kFullDistillation, {}, with);
  const double loss = learner.LossAndGradient(batch.samples());

  Learner one(student.layout, student.weights, kFullDistillation, {}, with);
  std::vector<double> expected(learner.gradient().size());
  double expected_loss = 0;
  for (size_t i = 0; i < batch.images.size(); ++i) {
    one.SetFrame(batch.images[i]);
    expected_loss += one.LossAndGradient(batch.labels[i], batch.weights[i]) / 2;
    for (size_t k = 0; k < expected.size(); ++k) expected[k] += one.gradient()[k] / 2.0;
  }
  EXPECT_NEAR(loss, expected_loss, 1e-6 * expected_loss);
  double difference = 0;
  for (size_t k = 0; k < expected.size(); ++k) {
    difference += std::pow(learner.gradient()[k] - expected[k], 2);
  }
  EXPECT_LT(std::sqrt(difference), 1e-5 * Length(learner.gradient()));

  BatchLearner without(student.layout, student.weights, kFullDistillation);
  EXPECT_LT(without.LossAndGradient(batch.samples()), loss);
}

std::vector<float> Trained(int threads, size_t images) {
  const ThreadLimit limit(threads);
  RandomData random(5);
  const Checkpoint student = random.Student(ScaledSpec(2, 1));
  const Batch batch(random, std::vector<FrameSize>(images, {64, 48}), 2);
  BatchLearner learner(student.layout, student.weights, kFullDistillation);
  for (int step = 0; step < 3; ++step) {
    learner.LossAndGradient(batch.samples());
    learner.AdamStep(0.01 / (step + 1));
  }
  return {learner.weights().begin(), learner.weights().end()};
}

TEST(BatchLearner, SameBitsForAnyNumberOfThreads) {
  // Fewer images than threads, and more.
  for (const size_t images : {size_t{1}, size_t{5}}) {
    const std::vector<float> alone = Trained(1, images);
    EXPECT_EQ(Trained(2, images), alone);
    EXPECT_EQ(Trained(4, images), alone);
  }
}

TEST(BatchLearner, PartsOfABatchAddUpToTheSameBits) {
  RandomData random(9);
  const Checkpoint student = random.Student(ScaledSpec(3, 0.5));
  const Batch batch(random, std::vector<FrameSize>(5, {64, 48}), 3);
  const auto samples = batch.samples();
  BatchLearner whole(student.layout, student.weights, kPartialDistillation);
  const double loss = whole.LossAndGradient(samples);
  const size_t size = whole.gradient().size();

  for (const std::vector<size_t>& parts :
       {std::vector<size_t>{5}, std::vector<size_t>{2, 3}, std::vector<size_t>{3, 0, 1, 1}}) {
    std::vector<float> sum(size);
    std::vector<double> losses;
    size_t first = 0;
    for (const size_t images : parts) {
      BatchLearner part(student.layout, student.weights, kPartialDistillation);
      part.ComputeGradients(std::span(samples).subspan(first, images));
      first += images;
      // In two slices, the second one first.
      part.AddGradients(5, size / 3, size, sum);
      part.AddGradients(5, 0, size / 3, sum);
      losses.insert(losses.end(), part.losses().begin(), part.losses().end());
    }
    EXPECT_TRUE(std::equal(sum.begin(), sum.end(), whole.gradient().begin()));
    EXPECT_EQ(BatchLearner::MeanLoss(losses), loss);
  }
  std::vector<float> other(size, 0.5f);
  whole.SetGradient(other);
  EXPECT_EQ(whole.gradient().front(), 0.5f);
  other.pop_back();
  EXPECT_THROW(whole.SetGradient(other), Error);
}

TEST(BatchLearner, GoesOnFromItsStateAsIfNothingHadHappened) {
  RandomData random(6);
  const Checkpoint student = random.Student(ScaledSpec(3, 0.5));
  const Batch batch(random, {{64, 48}, {64, 48}}, 3);
  const auto step = [&](BatchLearner& learner) {
    learner.LossAndGradient(batch.samples());
    learner.AdamStep(0.01);
  };
  BatchLearner whole(student.layout, student.weights, kFullDistillation);
  step(whole);
  LearnerState state;
  whole.SaveState(state);
  step(whole);

  BatchLearner resumed(student.layout, student.weights, kFullDistillation);
  resumed.RestoreState(state);
  step(resumed);
  EXPECT_TRUE(
      std::equal(whole.weights().begin(), whole.weights().end(), resumed.weights().begin()));
  state.moment1.pop_back();
  EXPECT_THROW(resumed.RestoreState(state), Error);
}

// engine_test compares every stage; this test compares whole steps of pre-training.
TEST(BatchLearner, EverySizeLearnsWhatThePlainNetworkLearns) {
  struct Size {
    double width;
    int depth = 1;
  };
  for (const auto& [width, depth] : std::vector<Size>{
           {0.25}, {0.5}, {0.75}, {1.0}, {1.5}, {2.0}, {0.5, 2}, {1.0, 2}, {0.5, 3}}) {
    SCOPED_TRACE("width " + std::to_string(width) + ", depth " + std::to_string(depth));
    RandomData random(7);
    const Checkpoint student = random.Student(ScaledSpec(2, width, depth));
    const Batch batch(random, {{96, 80}}, 2);
    BatchLearner learner(student.layout, student.weights, kFullDistillation);
    const double loss = learner.LossAndGradient(batch.samples());
    reference::Network<double> plain(student);
    plain.Forward(batch.images[0]);
    const auto expected =
        plain.LossAndGradient(batch.labels[0], batch.weights[0], kFullDistillation);
    EXPECT_NEAR(loss, expected.loss, 1e-5 * expected.loss);
    double difference = 0, length = 0;
    ASSERT_EQ(expected.gradient.size(), learner.gradient().size());
    for (size_t k = 0; k < expected.gradient.size(); ++k) {
      difference += std::pow(learner.gradient()[k] - expected.gradient[k], 2);
      length += std::pow(expected.gradient[k], 2);
    }
    // In fp32 the input of a ReLU that is near 0 can get the other sign.
    EXPECT_LT(std::sqrt(difference), 1e-2 * std::sqrt(length));
  }
}

TEST(BatchLearner, RefusesWhatDoesNotFit) {
  RandomData random(8);
  const Checkpoint student = random.Student(ScaledSpec(2, 0.5));
  BatchLearner learner(student.layout, student.weights, kFullDistillation);
  EXPECT_THROW(learner.LossAndGradient({}), Error);
  Batch other_size(random, {{32, 32}}, 2);
  other_size.labels[0] = LabelMap(32, 31);
  EXPECT_THROW(learner.LossAndGradient(other_size.samples()), Error);
  Batch other_class(random, {{32, 32}}, 2);
  other_class.labels[0].at(3, 3) = 2;
  EXPECT_THROW(learner.LossAndGradient(other_class.samples()), Error);
}

}  // namespace
}  // namespace shadowtutor::nn
