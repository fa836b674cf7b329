// Compares the engine with the reference network in double: random students, widths, class counts,
// frame sizes and cuts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/kernels/matrix_unit.h"
#include "nn/learner.h"
#include "nn/predictor.h"
#include "nn/testing/activations.h"
#include "nn/testing/comparison.h"
#include "nn/testing/engine_scene.h"
#include "nn/testing/parameters.h"
#include "nn/testing/random_data.h"
#include "nn/testing/reference.h"

namespace shadowtutor::nn {
namespace {

using DoubleTensor = reference::Tensor<double>;

// Bounds of the difference between fp32 and double, relative to a tensor's largest magnitude. The
// network's depth amplifies rounding in gradients (in PyTorch, fp32 and fp64 differ by up to 1e-3).
struct Bounds {
  double activation = 1e-4;
  double gradient = 2e-3;
  double loss = 1e-5;
};

// Whether a norm in enc3 sees at most three pixels. Their variance can then be 0, so that
// 1 / sqrt(eps) amplifies rounding 316-fold and inputs of ReLUs change their sign. In this case
// gradients are compared by the Euclidean length of their difference.
bool IsTiny(int width, int height) { return ((width + 31) / 32) * ((height + 31) / 32) <= 3; }

// Fast arithmetic is coarser by its nature, so its gradients are compared by the Euclidean length
// of their difference, too. The matrix unit rounds what it multiplies to 8 bits, and ReLUs whose
// inputs change their sign add to that, so whole gradients are compared, and neither small frames
// nor deep students are. (The kernels by themselves are held to the error of their sums by
// differential_test.)
constexpr Bounds kMatrixBounds = {.activation = 8e-2, .gradient = 0.35, .loss = 3e-2};

Bounds BoundsFor(int width, int height, Arithmetic arithmetic = Arithmetic::kReference) {
  if (arithmetic == Arithmetic::kFast && HasMatrixUnit()) {
    return kMatrixBounds;
  }
  if (!IsTiny(width, height)) return {};
  return {.activation = 2e-2, .gradient = 5e-2, .loss = 2e-2};
}

// The largest difference, relative to the largest expected magnitude.
double RelativeError(const DoubleTensor& tensor, const DoubleTensor& expected) {
  return LargestDifference(tensor.values, expected.values) /
         std::max(Largest(expected.values), 1e-30);
}

// Expects equal labels at all pixels where the largest logit leads by more than rounding errors.
void ExpectLabels(const LabelMap& labels, const DoubleTensor& logits, double bound) {
  ASSERT_EQ(labels.size(), (FrameSize{logits.width, logits.height}));
  const double rounding = bound * Largest(logits.values);
  for (size_t k = 0; k < logits.plane(); ++k) {
    double best = logits.values[k];
    for (int c = 1; c < logits.channels; ++c) {
      best = std::max(best, logits.values[static_cast<size_t>(c) * logits.plane() + k]);
    }
    ASSERT_LT(labels.labels()[k], logits.channels);
    const double chosen = logits.values[labels.labels()[k] * logits.plane() + k];
    ASSERT_LE(best - chosen, 2 * rounding) << "pixel " << k;
  }
}

// Expects a difference of at most `bound` of the expected length, or `floor`.
void ExpectClose(std::span<const float> values, std::span<const double> expected, double bound,
                 double floor) {
  ASSERT_EQ(values.size(), expected.size());
  double difference = 0, length = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(static_cast<double>(values[i]) - expected[i], 2);
    length += std::pow(expected[i], 2);
  }
  EXPECT_LE(std::sqrt(difference), bound * std::sqrt(length) + floor);
}

// A scene, and what the reference network makes of it.
struct Expected {
  Expected(const NetworkSpec& spec, int width, int height, Stage first_trained, uint64_t seed)
      : cut(first_trained),
        scene(DrawScene(spec, width, height, cut, seed)),
        network(scene.student) {
    network.Forward(scene.frame);
    outcome = network.LossAndGradient(scene.label, scene.weights, cut);
  }
  Stage cut;
  Scene scene;
  reference::Network<double> network;
  reference::Backward<double> outcome;
};

void Compare(Arithmetic arithmetic, Expected& expected) {
  SCOPED_TRACE(NameOf(arithmetic));
  const Scene& scene = expected.scene;
  const int width = scene.frame.width(), height = scene.frame.height();
  const Bounds bounds = BoundsFor(width, height, arithmetic);
  reference::Network<double>& network = expected.network;
  Learner learner = MakeLearner(scene, expected.cut, arithmetic);
  const auto workspace = std::make_shared<TrainingWorkspace>();
  learner.UseWorkspace(workspace);
  learner.SetFrame(scene.frame);
  ExpectLabels(learner.Predict(), network.Activation("logits"), bounds.activation);

  for (const char* name : {"in_conv1", "in_conv2", "enc1", "enc2", "enc3", "dec1", "dec1_up",
                           "dec2", "dec2_up", "dec3"}) {
    const auto values = ReadActivation(learner, *workspace, scene.frame, name);
    const auto& expected = network.Activation(name);
    ASSERT_EQ(values.channels, expected.channels) << name;
    ASSERT_EQ(values.height, expected.height) << name;
    ASSERT_EQ(values.width, expected.width) << name;
    EXPECT_LE(RelativeError(values, expected), bounds.activation) << name;
  }
  const auto logits = reference::Resize(
      ReadActivation(learner, *workspace, scene.frame, "logits_half"), height, width);
  EXPECT_LE(RelativeError(logits, network.Activation("logits")), bounds.activation);

  const double loss = learner.LossAndGradient(scene.label, scene.weights);
  EXPECT_NEAR(loss, expected.outcome.loss, bounds.loss * expected.outcome.loss);
  ASSERT_EQ(learner.gradient().size(), expected.outcome.gradient.size());
  if (IsTiny(width, height) || (arithmetic == Arithmetic::kFast && HasMatrixUnit())) {
    ExpectClose(learner.gradient(), expected.outcome.gradient, bounds.gradient, 0);
    return;
  }
  // Some gradients are zero in theory: those of biases right before a norm, and of everything
  // before a norm of a single pixel. They consist of rounding errors, so errors up to this floor
  // are accepted.
  const double floor = bounds.gradient * 1e-3 * Largest(expected.outcome.gradient);
  ForEachTrained(*scene.student.layout, expected.cut, [&](const ParameterInfo& info, size_t at) {
    const auto part = std::span<const double>(expected.outcome.gradient).subspan(at, info.count);
    const auto values = learner.gradient().subspan(at, info.count);
    if (arithmetic == Arithmetic::kFast) {
      SCOPED_TRACE(info.name);
      ExpectClose(values, part, bounds.gradient, floor * std::sqrt(info.count));
      return;
    }
    EXPECT_LE(LargestDifference(values, part), bounds.gradient * Largest(part) + floor)
        << info.name << " largest " << Largest(part);
  });
}

void CompareWithReference(const NetworkSpec& spec, int width, int height, Stage cut,
                          uint64_t seed) {
  SCOPED_TRACE(std::to_string(width) + "x" + std::to_string(height) + " cut " +
               std::string(StageName(cut)) + " classes " + std::to_string(spec.classes) +
               " depth " + std::to_string(spec.depth));
  Expected expected(spec, width, height, cut, seed);
  Compare(Arithmetic::kReference, expected);
  const bool small = IsTiny(width, height) || std::min(width, height) < 16;
  if (HasMatrixUnit() && (small || spec.depth > 1)) return;
  Compare(Arithmetic::kFast, expected);
}

TEST(Engine, AgreesOnAnyFrameSize) {
  uint64_t seed = 100;
  for (const auto& [width, height] : std::vector<std::pair<int, int>>{{96, 96},
                                                                      {64, 40},
                                                                      {40, 64},
                                                                      {33, 65},
                                                                      {47, 35},
                                                                      {70, 34},
                                                                      {57, 95},
                                                                      {90, 50},
                                                                      {36, 44},
                                                                      {128, 8},
                                                                      {8, 110}}) {
    CompareWithReference(kPublished, width, height, kFullDistillation, seed++);
    CompareWithReference(kPublished, width, height, kPartialDistillation, seed++);
  }
}

TEST(Engine, AgreesOnTinyFrames) {
  uint64_t seed = 200;
  for (const auto& [width, height] : std::vector<std::pair<int, int>>{{1, 1},
                                                                      {2, 1},
                                                                      {1, 2},
                                                                      {3, 3},
                                                                      {40, 1},
                                                                      {1, 37},
                                                                      {8, 8},
                                                                      {16, 16},
                                                                      {17, 16},
                                                                      {31, 9},
                                                                      {21, 27},
                                                                      {49, 8},
                                                                      {8, 72}}) {
    CompareWithReference(kHalf, width, height, kFullDistillation, seed++);
    CompareWithReference(kPublished, width, height, kPartialDistillation, seed++);
  }
}

TEST(Engine, AgreesForAnyClassCount) {
  uint64_t seed = 300;
  for (const int classes : {2, 3, 9, 16, 17, 21, 40}) {
    CompareWithReference(WithClasses(kPublished, classes), 48, 40, kPartialDistillation, seed++);
    CompareWithReference(WithClasses(kHalf, classes), 45, 39, kFullDistillation, seed++);
  }
}

TEST(Engine, AgreesForOtherWidths) {
  uint64_t seed = 400;
  for (const NetworkSpec& spec : {kHalf, kDouble, kUneven}) {
    for (const auto& [width, height] : std::vector<std::pair<int, int>>{{48, 40}, {35, 37}}) {
      CompareWithReference(spec, width, height, kFullDistillation, seed++);
      CompareWithReference(spec, width, height, kPartialDistillation, seed++);
    }
  }
}

TEST(Engine, AgreesForOtherDepths) {
  uint64_t seed = 450;
  for (const int depth : {2, 3}) {
    for (const NetworkSpec& spec : {kPublished, kHalf, kUneven}) {
      for (const auto& [width, height] : std::vector<std::pair<int, int>>{{64, 40}, {47, 35}}) {
        CompareWithReference(WithDepth(spec, depth), width, height, kFullDistillation, seed++);
        CompareWithReference(WithDepth(spec, depth), width, height, kPartialDistillation, seed++);
      }
    }
  }
}

TEST(Engine, AgreesForEveryCutOfADeepStudent) {
  for (int stage = 0; stage < kStages; ++stage) {
    const auto seed = static_cast<uint64_t>(550 + stage);
    CompareWithReference(WithDepth(kHalf, 3), 43, 37, static_cast<Stage>(stage), seed);
  }
}

TEST(Engine, AgreesForEveryCut) {
  for (int stage = 0; stage < kStages; ++stage) {
    const auto seed = static_cast<uint64_t>(500 + stage);
    CompareWithReference(kPublished, 40, 56, static_cast<Stage>(stage), seed);
    CompareWithReference(kUneven, 43, 37, static_cast<Stage>(stage), seed);
  }
}

// Both sides use the engine's gradients, so that only the update rule is compared.
TEST(Engine, AdamIsTheReferencesAdam) {
  const AdamOptions options = {
      .learning_rate = 0.003, .beta1 = 0.8, .beta2 = 0.99, .epsilon = 1e-6};
  for (const Stage cut : {kFullDistillation, kPartialDistillation}) {
    const Scene scene = DrawScene(kHalf, 48, 40, cut, 600);
    Learner learner(scene.student.layout, scene.student.weights, cut, options);
    learner.SetFrame(scene.frame);
    std::vector<double> weights(learner.trained().begin(), learner.trained().end());
    reference::Adam<double> adam(weights.size(), options);
    for (int step = 1; step <= 6; ++step) {
      const auto gradient = Step(learner, scene);
      adam.Step(weights, std::vector<double>(gradient.begin(), gradient.end()));
      for (size_t i = 0; i < weights.size(); ++i) {
        ASSERT_NEAR(learner.trained()[i], weights[i],
                    step * (2e-7 * std::abs(weights[i]) + 1e-5 * options.learning_rate))
            << "element " << i << " after " << step << " steps";
      }
    }
  }
}

TEST(Predictor, AgreesOnAnyFrameSizeAndWidth) {
  RandomData random(1200);
  for (const NetworkSpec& spec :
       {kPublished, kHalf, kUneven, WithClasses(kPublished, 2), WithClasses(kHalf, 40),
        WithDepth(kPublished, 2), WithDepth(kUneven, 3)}) {
    const Checkpoint student = random.Student(spec);
    Predictor predictor(PackWeights(student.layout, student.weights));
    for (const auto& [width, height] : std::vector<std::pair<int, int>>{
             {96, 64}, {95, 63}, {1, 1}, {1, 40}, {40, 1}, {8, 8}, {34, 50}, {96, 64}}) {
      const Image frame = random.Frame(width, height);
      reference::Network<double> network(student);
      network.Forward(frame);
      SCOPED_TRACE(std::to_string(width) + "x" + std::to_string(height));
      ExpectLabels(predictor.Predict(frame), network.Activation("logits"),
                   BoundsFor(width, height).activation);
    }
  }
}

// Frozen blocks share memory for their activations; this must not affect the trained blocks.
TEST(Predictor, AgreesWithTheLearnerAtAnyDepth) {
  for (const int depth : {1, 2, 3}) {
    for (const Stage cut : {kFullDistillation, Stage::kEnc2, kPartialDistillation, kNoStage}) {
      SCOPED_TRACE(std::to_string(depth) + " blocks, cut " + std::to_string(static_cast<int>(cut)));
      const Scene scene = DrawScene(WithDepth(kHalf, depth), 61, 43, kNoStage, 1250);
      Learner learner = MakeLearner(scene, cut);
      learner.SetFrame(scene.frame);
      for (int step = 0; step < 2; ++step) Step(learner, scene);
      reference::Network<double> network(
          scene.student.layout,
          std::vector<double>(learner.weights().begin(), learner.weights().end()));
      network.Forward(scene.frame);
      const auto& logits = network.Activation("logits");
      ExpectLabels(learner.Predict(), logits, Bounds().activation);
      // Weights of an update are repacked on the base of the old ones.
      const auto base = PackWeights(scene.student.layout, scene.student.weights);
      Predictor updated(RepackWeights(*base, learner.weights(), cut));
      Predictor whole(PackWeights(scene.student.layout, learner.weights()));
      EXPECT_EQ(updated.Predict(scene.frame), whole.Predict(scene.frame));
      ExpectLabels(whole.Predict(scene.frame), logits, Bounds().activation);
    }
  }
}

TEST(Predictor, ReadsFramesWithGapsBetweenRows) {
  RandomData random(1300);
  const Checkpoint student = random.Student(kHalf);
  Predictor predictor(PackWeights(student.layout, student.weights));
  const Image frame = random.Frame(37, 21);
  const size_t stride = 37 * 3 + 13;
  std::vector<uint8_t> padded(stride * 21, 255);
  for (int y = 0; y < 21; ++y) {
    std::copy_n(frame.row(y), 37 * 3, padded.begin() + static_cast<ptrdiff_t>(stride) * y);
  }
  const ImageView view(padded.data(), 37, 21, static_cast<ptrdiff_t>(stride));
  EXPECT_EQ(predictor.Predict(view), predictor.Predict(frame));
}

TEST(Predictor, NewWeightsCountFromTheNextFrameOn) {
  RandomData random(1400);
  const Checkpoint one = random.Student(kHalf), two = random.Student(kHalf);
  const auto packed_one = PackWeights(one.layout, one.weights);
  const auto packed_two = PackWeights(two.layout, two.weights);
  const Image frame = random.Frame(48, 40);
  Predictor predictor(packed_one), other(packed_two);
  const LabelMap first = predictor.Predict(frame), second = other.Predict(frame);
  ASSERT_NE(first, second);
  predictor.SetWeights(packed_two);
  EXPECT_EQ(predictor.Predict(frame), second);
  predictor.SetWeights(packed_one);
  EXPECT_EQ(predictor.Predict(frame), first);
}

TEST(Predictor, RefusesFramesOutOfBounds) {
  RandomData random(1500);
  const Checkpoint student = random.Student(kHalf);
  Predictor predictor(PackWeights(student.layout, student.weights));
  EXPECT_THROW(predictor.Predict(ImageView()), Error);
  const std::vector<uint8_t> row(static_cast<size_t>(kMaxFrameSide + 1) * 3);
  EXPECT_THROW(predictor.Predict(ImageView(row.data(), kMaxFrameSide + 1, 1)), Error);
}

}  // namespace
}  // namespace shadowtutor::nn
