// Compares the gradients of every operation of the reference, and of the whole network, with finite
// differences in double.
#include "nn/testing/reference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "nn/testing/comparison.h"
#include "nn/testing/random_data.h"

namespace shadowtutor::nn::reference {
namespace {

using DoubleTensor = Tensor<double>;
using Values = std::vector<double>;

DoubleTensor RandomTensor(RandomData& random, int channels, int height, int width) {
  DoubleTensor x(channels, height, width);
  x.values = random.Values<double>(x.values.size());
  return x;
}

double Dot(const Values& a, const Values& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// The distance of `gradient` from the central difference of f in x. If it is more than `bound`, a
// smaller difference is tried, because an input of a ReLU may have changed its sign.
double DifferenceError(double& x, const std::function<double()>& f, double gradient, double bound) {
  double error = std::numeric_limits<double>::infinity();
  for (const double eps : {1e-5, 1e-6}) {
    const double at = x;
    x = at + eps;
    const double above = f();
    x = at - eps;
    const double below = f();
    x = at;
    error = std::min(error, std::abs((above - below) / (2 * eps) - gradient));
    if (error < bound) break;
  }
  return error;
}

// Compares every element of `gradient` with the difference of f in `x`. The bound is relative to
// the largest element.
void ExpectGradient(const char* what, Values& x, const Values& gradient,
                    const std::function<double()>& f, double bound = 1e-7) {
  ASSERT_EQ(x.size(), gradient.size()) << what;
  const double scale = Largest(gradient);
  ASSERT_GT(scale, 0) << what;
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_LT(DifferenceError(x[i], f, gradient[i], bound * scale), bound * scale)
        << what << " " << i;
  }
}

TEST(ReferenceOps, ConvOfAKnownCase) {
  DoubleTensor x(1, 3, 3);
  x.values = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  const Values ones(9, 1.0), bias = {0.5};
  const auto y = Conv<double>(x, ones, bias, {1, 1, 3, 3, 1});
  EXPECT_EQ(y.values, (Values{12.5, 21.5, 16.5, 27.5, 45.5, 33.5, 24.5, 39.5, 28.5}));
  const auto strided = Conv<double>(x, ones, bias, {1, 1, 3, 3, 2});
  EXPECT_EQ(strided.values, (Values{12.5, 16.5, 24.5, 28.5}));
}

TEST(ReferenceOps, ConvGradients) {
  RandomData random(1);
  struct Case {
    ConvShape shape;
    int height, width;
  };
  for (const auto& [shape, height, width] : std::vector<Case>{{{3, 2, 3, 3, 1}, 5, 6},
                                                              {{3, 2, 3, 3, 2}, 5, 6},
                                                              {{2, 3, 3, 3, 2}, 6, 7},
                                                              {{2, 2, 1, 3, 1}, 4, 5},
                                                              {{2, 2, 3, 1, 1}, 4, 5},
                                                              {{3, 2, 1, 1, 1}, 3, 4},
                                                              {{3, 2, 1, 1, 2}, 5, 4},
                                                              {{2, 2, 3, 3, 2}, 1, 1},
                                                              {{2, 2, 3, 3, 1}, 1, 4},
                                                              {{2, 2, 3, 3, 2}, 7, 1}}) {
    auto x = RandomTensor(random, shape.in, height, width);
    auto weight = random.Values<double>(
        static_cast<size_t>(shape.out * shape.in * shape.kernel_h * shape.kernel_w));
    auto bias = random.Values<double>(static_cast<size_t>(shape.out));
    const auto y = Conv<double>(x, weight, bias, shape);
    const auto dy = RandomTensor(random, y.channels, y.height, y.width);
    const auto gradients = ConvBackward<double>(x, weight, dy, shape);
    const auto f = [&, s = shape] {
      return Dot(Conv<double>(x, weight, bias, s).values, dy.values);
    };
    ExpectGradient("x", x.values, gradients.x.values, f);
    ExpectGradient("weight", weight, gradients.weight, f);
    ExpectGradient("bias", bias, gradients.bias, f);
  }
}

TEST(ReferenceOps, NormGradients) {
  RandomData random(2);
  auto x = RandomTensor(random, 3, 4, 5);
  auto scale = random.Values<double>(3, 0.5, 2), shift = random.Values<double>(3);
  const auto y = Norm<double>(x, scale, shift);
  for (int c = 0; c < 3; ++c) {
    double mean = 0, square = 0;
    for (size_t k = 0; k < y.plane(); ++k) mean += y.row(c, 0)[k] / 20;
    for (size_t k = 0; k < y.plane(); ++k) square += std::pow(y.row(c, 0)[k] - mean, 2) / 20;
    const auto channel = static_cast<size_t>(c);
    EXPECT_NEAR(mean, shift[channel], 1e-12);
    EXPECT_NEAR(std::sqrt(square), scale[channel], 1e-3);
  }
  const auto dy = RandomTensor(random, 3, 4, 5);
  const auto gradients = NormBackward<double>(x, scale, dy);
  const auto f = [&] { return Dot(Norm<double>(x, scale, shift).values, dy.values); };
  ExpectGradient("x", x.values, gradients.x.values, f);
  ExpectGradient("scale", scale, gradients.scale, f);
  ExpectGradient("shift", shift, gradients.shift, f);
}

TEST(ReferenceOps, NormOfOnePixelIsItsShift) {
  DoubleTensor x(2, 1, 1);
  x.values = {70, -3};
  const Values scale = {2, 3}, shift = {0.25, -1};
  EXPECT_EQ(Norm<double>(x, scale, shift).values, shift);
  DoubleTensor dy(2, 1, 1);
  dy.values = {1, 1};
  EXPECT_EQ(NormBackward<double>(x, scale, dy).x.values, (Values{0, 0}));
}

TEST(ReferenceOps, ReluGradient) {
  RandomData random(3);
  auto x = RandomTensor(random, 2, 3, 4);
  const auto dy = RandomTensor(random, 2, 3, 4);
  ExpectGradient("x", x.values, ReluBackward(x, dy).values,
                 [&] { return Dot(Relu(x).values, dy.values); });
}

TEST(ReferenceOps, ResizeOfAKnownCase) {
  DoubleTensor x(1, 1, 2);
  x.values = {0, 4};
  EXPECT_EQ(Resize(x, 1, 4).values, (Values{0, 1, 3, 4}));
  EXPECT_EQ(Resize(x, 2, 2).values, (Values{0, 4, 0, 4}));
  DoubleTensor three(1, 3, 1);
  three.values = {0, 2, 8};
  EXPECT_EQ(Resize(three, 3, 1).values, three.values);
  const auto five = Resize(three, 5, 1).values;
  EXPECT_NEAR(five[1], 2 * 0.4, 1e-12);      // 1.5 * 0.6 - 0.5 = 0.4
  EXPECT_NEAR(five[3], 2 + 6 * 0.6, 1e-12);  // 3.5 * 0.6 - 0.5 = 1.6
}

TEST(ReferenceOps, ResizeGradients) {
  RandomData random(4);
  for (const auto& [h, w, oh, ow] : std::vector<std::array<int, 4>>{
           {3, 4, 6, 8}, {3, 4, 5, 7}, {2, 3, 8, 12}, {1, 1, 3, 2}, {5, 4, 5, 4}, {1, 3, 1, 6}}) {
    auto x = RandomTensor(random, 2, h, w);
    const auto dy = RandomTensor(random, 2, oh, ow);
    ExpectGradient("x", x.values, ResizeBackward(dy, h, w).values,
                   [&, oh = oh, ow = ow] { return Dot(Resize(x, oh, ow).values, dy.values); });
  }
}

TEST(ReferenceOps, SubsampleGradients) {
  RandomData random(5);
  for (const auto& [h, w, stride] :
       std::vector<std::array<int, 3>>{{5, 6, 2}, {4, 7, 2}, {1, 1, 2}, {3, 3, 1}}) {
    auto x = RandomTensor(random, 2, h, w);
    const auto y = Subsample(x, stride);
    const auto dy = RandomTensor(random, 2, y.height, y.width);
    ExpectGradient("x", x.values, SubsampleBackward(dy, h, w, stride).values,
                   [&, s = stride] { return Dot(Subsample(x, s).values, dy.values); });
  }
}

TEST(ReferenceOps, SliceUndoesConcat) {
  RandomData random(6);
  const auto a = RandomTensor(random, 2, 3, 4), b = RandomTensor(random, 3, 3, 4);
  const auto both = Concat(a, b);
  EXPECT_EQ(both.channels, 5);
  EXPECT_EQ(Slice(both, 0, 2).values, a.values);
  EXPECT_EQ(Slice(both, 2, 3).values, b.values);
}

TEST(ReferenceOps, CrossEntropyOfAKnownCaseAndItsGradient) {
  DoubleTensor even(4, 1, 2);
  LabelMap label(2, 1, 3);
  const std::vector<float> weights = {5, 1};
  EXPECT_NEAR(WeightedCrossEntropy(even, label, weights).loss, 3 * std::log(4.0), 1e-12);

  RandomData random(7);
  auto logits = RandomTensor(random, 4, 3, 5);
  const LabelMap truth = random.Label(5, 3, 4);
  const auto map = random.PixelWeights(5, 3);
  ExpectGradient("logits", logits.values, WeightedCrossEntropy(logits, truth, map).logits.values,
                 [&] { return WeightedCrossEntropy(logits, truth, map).loss; });
  ExpectGradient("Jaccard", logits.values, SoftJaccard(logits, truth, map).logits.values,
                 [&] { return SoftJaccard(logits, truth, map).loss; });
  // Large logits must not overflow.
  for (double& v : logits.values) v *= 1e4;
  EXPECT_TRUE(std::isfinite(WeightedCrossEntropy(logits, truth, map).loss));
}

// The whole network: some elements of every parameter, for odd frame sizes, in blocks with and
// without a short path.
TEST(ReferenceNetwork, GradientsOfEveryParameter) {
  const NetworkSpec projecting = {.classes = 5,
                                  .in_conv1 = 4,
                                  .in_conv2 = 8,
                                  .enc1 = 32,
                                  .enc2 = 16,
                                  .enc3 = 32,
                                  .dec1 = 16,
                                  .dec2 = 16,
                                  .dec3 = 16,
                                  .out = 16};
  const NetworkSpec plain = {.classes = 3,
                             .in_conv1 = 8,
                             .in_conv2 = 16,
                             .enc1 = 16,
                             .enc2 = 16,
                             .enc3 = 16,
                             .dec1 = 16,
                             .dec2 = 32,
                             .dec3 = 48,
                             .out = 16};
  RandomData random(8);
  for (const auto& [spec, width, height] :
       {std::tuple{projecting, 37, 43}, std::tuple{plain, 50, 35}, std::tuple{plain, 40, 16},
        std::tuple{projecting, 21, 27}}) {
    Network<double> network(random.Student(spec));
    const Image frame = random.Frame(width, height);
    const LabelMap label = random.Label(width, height, spec.classes);
    const auto weights = random.PixelWeights(width, height);
    network.Forward(frame);
    const auto [loss_value, analytic] = network.LossAndGradient(label, weights, kFullDistillation);
    ASSERT_EQ(analytic.size(), network.layout().size());
    const auto loss = [&] {
      network.Forward(frame);
      return WeightedCrossEntropy(network.Activation("logits"), label, weights).loss;
    };
    // The gradients of biases right before a norm are zero, and if enc3 is a single pixel, so are
    // those of its whole stage. So errors are relative to the largest gradient of the stage, plus
    // the rounding error of the loss divided by the width of the difference.
    std::map<Stage, double> stage_scale;
    for (const auto& info : network.layout().parameters()) {
      const Values part(analytic.begin() + static_cast<ptrdiff_t>(info.offset),
                        analytic.begin() + static_cast<ptrdiff_t>(info.offset + info.count));
      stage_scale[info.stage] = std::max(stage_scale[info.stage], Largest(part));
    }
    for (const auto& info : network.layout().parameters()) {
      const double bound = 1e-6 * stage_scale[info.stage] + 1e-10 * loss_value;
      for (int sample = 0; sample < 3; ++sample) {
        const size_t at =
            info.offset + static_cast<size_t>(random.Integer(0, static_cast<int>(info.count) - 1));
        EXPECT_LT(DifferenceError(network.weights()[at], loss, analytic[at], bound), bound)
            << info.name << " element " << at - info.offset << " gradient " << analytic[at];
      }
    }
  }
}

TEST(ReferenceNetwork, ACutOnlyLeavesOutWhatIsFrozen) {
  RandomData random(9);
  NetworkSpec spec = {.classes = 3,
                      .in_conv1 = 4,
                      .in_conv2 = 4,
                      .enc1 = 16,
                      .enc2 = 16,
                      .enc3 = 16,
                      .dec1 = 16,
                      .dec2 = 16,
                      .dec3 = 16,
                      .out = 16};
  Network<double> network(random.Student(spec));
  const Image frame = random.Frame(17, 9);
  network.Forward(frame);
  const LabelMap label = random.Label(17, 9, 3);
  const auto weights = random.PixelWeights(17, 9);
  const auto full = network.LossAndGradient(label, weights, kFullDistillation);
  const auto part = network.LossAndGradient(label, weights, kPartialDistillation);
  EXPECT_EQ(full.loss, part.loss);
  ASSERT_EQ(part.gradient.size(), network.layout().TrainedSize(kPartialDistillation));
  EXPECT_TRUE(std::equal(part.gradient.rbegin(), part.gradient.rend(), full.gradient.rbegin()));
}

TEST(ReferenceNetwork, ActivationsHaveTheSizesOfTheDescription) {
  RandomData random(10);
  Network<float> network(random.Student(NetworkSpec{}));
  network.Forward(random.Frame(45, 23));
  const auto expect = [&](const char* name, int channels, int height, int width) {
    const auto& t = network.Activation(name);
    EXPECT_EQ((std::array{t.channels, t.height, t.width}), (std::array{channels, height, width}))
        << name;
  };
  expect("in_conv1", 8, 12, 23);
  expect("in_conv2", 8, 6, 12);
  expect("enc1", 64, 3, 6);
  expect("enc2", 64, 2, 3);
  expect("enc3", 128, 1, 2);
  expect("dec1", 64, 1, 2);
  expect("dec1_up", 64, 2, 3);
  expect("dec2", 32, 2, 3);
  expect("dec2_up", 32, 3, 6);
  expect("dec3", 32, 3, 6);
  expect("dec3_up", 32, 12, 23);
  expect("out_conv2", 32, 12, 23);
  expect("logits", 9, 23, 45);
  EXPECT_THROW(network.Activation("enc4"), Error);
}

TEST(ReferenceAdam, FirstStepsOfAKnownCase) {
  Adam<double> adam(2, {.learning_rate = 0.1});
  Values weights = {1, -2};
  adam.Step(weights, Values{4, -1e-3});
  // With bias correction, the first step is the learning rate, against the gradient's sign.
  EXPECT_NEAR(weights[0], 0.9, 1e-8);
  EXPECT_NEAR(weights[1], -1.9, 1e-5);
  adam.Step(weights, Values{0, 0});
  const double mean = 0.9 * 0.4 / 0.19, square = 0.999 * 0.016 / (1 - 0.999 * 0.999);
  EXPECT_NEAR(weights[0], 0.9 - 0.1 * mean / std::sqrt(square), 1e-7);
}

}  // namespace
}  // namespace shadowtutor::nn::reference
