// The network, its gradients and Adam written with PyTorch's operations, in double. Compares the
// reference network with it to many digits, and the engine to the precision of fp32, on random
// students. Tensors are NCHW, because PyTorch 1.13 computes a wrong full backward pass when weights
// are channels-last.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nn/learner.h"
#include "nn/testing/activations.h"
#include "nn/testing/comparison.h"
#include "nn/testing/engine_scene.h"
#include "nn/testing/parameters.h"
#include "nn/testing/reference.h"

namespace shadowtutor::nn {
namespace {

namespace F = torch::nn::functional;

constexpr double kReferenceBound = 1e-9;
constexpr double kActivationBound = 1e-4;
constexpr double kGradientBound = 2e-3;
constexpr double kLearningRate = 0.01;

class TorchNetwork {
 public:
  TorchNetwork(const Checkpoint& student, Stage cut) : layout_(student.layout) {
    for (const auto& info : layout_->parameters()) {
      const auto values = Parameter(student, info.name);
      const std::vector<double> wide(values.begin(), values.end());
      const std::vector<int64_t> shape(info.shape.begin(), info.shape.end());
      auto tensor = torch::tensor(wide, torch::kFloat64).reshape(shape);
      if (info.stage >= cut) {
        tensor.set_requires_grad(true);
        trained_.push_back(tensor);
      }
      parameters_[info.name] = tensor;
    }
  }

  std::map<std::string, torch::Tensor> Forward(ImageView frame) const {
    torch::Tensor input = torch::empty({1, 3, frame.height, frame.width}, torch::kFloat64);
    auto pixels = input.accessor<double, 4>();
    const double mean[3] = {103.530, 116.280, 123.675};
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < frame.height; ++y) {
        for (int x = 0; x < frame.width; ++x) {
          pixels[0][c][y][x] = frame.row(y)[3 * x + c] - mean[c];
        }
      }
    }
    std::map<std::string, torch::Tensor> a;
    a["in_conv1"] = Conv("in_conv1", input, 2);
    a["in_conv2"] = Conv("in_conv2", a["in_conv1"], 2);
    a["enc1"] = Block("enc1", a["in_conv2"], 2);
    a["enc2"] = Block("enc2", a["enc1"], 2);
    a["enc3"] = Block("enc3", a["enc2"], 2);
    a["dec1"] = Block("dec1", a["enc3"], 1);
    a["dec1_up"] = SizeOf(a["dec1"], a["enc2"]);
    a["dec2"] = Block("dec2", torch::cat({a["dec1_up"], a["enc2"]}, 1), 1);
    a["dec2_up"] = SizeOf(a["dec2"], a["enc1"]);
    a["dec3"] = Block("dec3", torch::cat({a["dec2_up"], a["enc1"]}, 1), 1);
    a["dec3_up"] = SizeOf(a["dec3"], a["in_conv1"]);
    a["out_conv1"] = Conv("out_conv1", a["dec3_up"], 1);
    a["out_conv2"] = Conv("out_conv2", a["out_conv1"], 1);
    a["logits"] = Conv("out_conv3", SizeOf(a["out_conv2"], input), 1);
    return a;
  }

  static torch::Tensor Loss(const torch::Tensor& logits, const LabelMap& label,
                            const std::vector<float>& weights) {
    const std::vector<int64_t> classes(label.labels().begin(), label.labels().end());
    const std::vector<double> wide(weights.begin(), weights.end());
    const auto truth =
        torch::tensor(classes, torch::kInt64).reshape({1, label.height(), label.width()});
    const auto map =
        torch::tensor(wide, torch::kFloat64).reshape({1, label.height(), label.width()});
    const auto cross_entropy =
        F::cross_entropy(logits, truth, F::CrossEntropyFuncOptions().reduction(torch::kNone));
    return (cross_entropy * map).mean();
  }

  std::vector<torch::Tensor>& trained() { return trained_; }

  // The trained parameters, or their gradients, as one flat vector.
  std::vector<double> Flat(bool gradients) const {
    std::vector<double> flat;
    for (const auto& tensor : trained_) {
      const auto values = (gradients ? tensor.grad() : tensor.detach()).contiguous();
      const double* data = values.data_ptr<double>();
      flat.insert(flat.end(), data, data + values.numel());
    }
    return flat;
  }

 private:
  const torch::Tensor& P(const std::string& name) const { return parameters_.at(name); }

  torch::Tensor Conv(const std::string& name, const torch::Tensor& x, int stride) const {
    const auto& weight = P(name + ".weight");
    return F::conv2d(x, weight,
                     F::Conv2dFuncOptions()
                         .bias(P(name + ".bias"))
                         .stride(stride)
                         .padding({weight.size(2) / 2, weight.size(3) / 2}));
  }

  torch::Tensor Block(const std::string& name, const torch::Tensor& x, int stride) const {
    const auto p = torch::relu(torch::batch_norm(x, P(name + ".preact_path.0.weight"),
                                                 P(name + ".preact_path.0.bias"), {}, {}, true, 0.0,
                                                 1e-5, false));
    auto y = torch::relu(Conv(name + ".long_path.0", p, stride));
    y = Conv(name + ".long_path.3", Conv(name + ".long_path.2", y, 1), 1);
    if (parameters_.count(name + ".short_path.weight")) {
      return y + Conv(name + ".short_path", p, stride);
    }
    using torch::indexing::None;
    using torch::indexing::Slice;
    return y + x.index({Slice(), Slice(), Slice(None, None, stride), Slice(None, None, stride)});
  }

  static torch::Tensor SizeOf(const torch::Tensor& x, const torch::Tensor& like) {
    return F::interpolate(x, F::InterpolateFuncOptions()
                                 .size(std::vector<int64_t>{like.size(2), like.size(3)})
                                 .mode(torch::kBilinear)
                                 .align_corners(false));
  }

  std::shared_ptr<const NetworkLayout> layout_;
  std::map<std::string, torch::Tensor> parameters_;
  std::vector<torch::Tensor> trained_;
};

std::span<const double> ValuesOf(const torch::Tensor& tensor) {
  return {tensor.data_ptr<double>(), static_cast<size_t>(tensor.numel())};
}

template <typename A>
void ExpectClose(const std::string& what, std::span<const A> values,
                 std::span<const double> expected, double bound, double floor = 0) {
  ASSERT_EQ(values.size(), expected.size()) << what;
  const double largest = Largest(expected);
  EXPECT_LE(LargestDifference(values, expected), bound * largest + floor)
      << what << " largest " << largest;
}

struct Case {
  NetworkSpec spec;
  int width, height;
  Stage cut;
  const char* name;
};

class TorchOracle : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    torch::set_num_threads(1);
    const auto& [spec, width, height, cut, name] = GetParam();
    scene_ = DrawScene(spec, width, height, cut, static_cast<uint64_t>(width * 1000 + height));
  }

  template <typename A>
  void ExpectGradients(std::span<const A> gradient, std::span<const double> expected,
                       double bound) {
    // The gradients of biases right before a norm are zero in theory, so they are rounding errors.
    const double floor = bound * 1e-3 * Largest(expected);
    ForEachTrained(*scene_.student.layout, GetParam().cut,
                   [&](const ParameterInfo& info, size_t at) {
                     ExpectClose(info.name, gradient.subspan(at, info.count),
                                 expected.subspan(at, info.count), bound, floor);
                   });
  }

  Scene scene_;
};

TEST_P(TorchOracle, ForwardLossAndGradients) {
  const Stage cut = GetParam().cut;
  TorchNetwork oracle(scene_.student, cut);
  const auto activations = oracle.Forward(scene_.frame);
  const auto loss = TorchNetwork::Loss(activations.at("logits"), scene_.label, scene_.weights);
  loss.backward();
  const auto expected = oracle.Flat(true);

  reference::Network<double> network(scene_.student);
  network.Forward(scene_.frame);
  for (const auto& [name, tensor] : activations) {
    ExpectClose<double>(name, network.Activation(name).values, ValuesOf(tensor.contiguous()),
                        kReferenceBound);
  }
  const auto backward = network.LossAndGradient(scene_.label, scene_.weights, cut);
  EXPECT_NEAR(backward.loss, loss.item<double>(), kReferenceBound * backward.loss);
  ExpectGradients<double>(backward.gradient, expected, kReferenceBound);

  Learner learner(scene_.student.layout, scene_.student.weights, cut);
  const auto workspace = std::make_shared<TrainingWorkspace>();
  learner.UseWorkspace(workspace);
  learner.SetFrame(scene_.frame);
  learner.Predict();
  for (const auto& [name, tensor] : activations) {
    if (name == "dec3_up" || name == "logits" || name.rfind("out_conv", 0) == 0) continue;
    ExpectClose<double>(name, ReadActivation(learner, *workspace, scene_.frame, name).values,
                        ValuesOf(tensor.contiguous()), kActivationBound);
  }
  const auto logits = ReadActivation(learner, *workspace, scene_.frame, "logits_half");
  ExpectClose<double>("logits",
                      reference::Resize(logits, scene_.frame.height(), scene_.frame.width()).values,
                      ValuesOf(activations.at("logits").contiguous()), kActivationBound);
  EXPECT_NEAR(learner.LossAndGradient(scene_.label, scene_.weights), loss.item<double>(),
              1e-5 * loss.item<double>());
  ExpectGradients<float>(learner.gradient(), expected, kGradientBound);
}

TEST_P(TorchOracle, AdamSteps) {
  const Stage cut = GetParam().cut;
  TorchNetwork oracle(scene_.student, cut);
  torch::optim::Adam torch_adam(
      oracle.trained(), torch::optim::AdamOptions(kLearningRate).betas({0.9, 0.999}).eps(1e-8));
  reference::Network<double> network(scene_.student);
  const size_t first = network.layout().TrainedOffset(cut);
  reference::Adam<double> adam(network.layout().TrainedSize(cut), {});
  Learner learner(scene_.student.layout, scene_.student.weights, cut);
  learner.SetFrame(scene_.frame);

  std::vector<double> first_gradient;
  for (int step = 0; step < 4; ++step) {
    SCOPED_TRACE("after " + std::to_string(step) + " steps");
    torch_adam.zero_grad();
    const auto loss =
        TorchNetwork::Loss(oracle.Forward(scene_.frame).at("logits"), scene_.label, scene_.weights);
    loss.backward();
    network.Forward(scene_.frame);
    const auto backward = network.LossAndGradient(scene_.label, scene_.weights, cut);
    EXPECT_NEAR(backward.loss, loss.item<double>(), 1e-6 * loss.item<double>());
    learner.Predict();
    EXPECT_NEAR(learner.LossAndGradient(scene_.label, scene_.weights), loss.item<double>(),
                2e-3 * loss.item<double>());
    if (step == 0) first_gradient = oracle.Flat(true);

    torch_adam.step();
    adam.Step(std::span(network.weights()).subspan(first), backward.gradient);
    learner.AdamStep();

    const auto expected = oracle.Flat(false);
    // Where a gradient is about zero, Adam turns rounding errors into full steps. So the engine's
    // weights are compared only after the first step and only where the gradient is large enough.
    // In double, such gradients are far below epsilon and do not change the weights.
    ExpectClose<double>("reference", std::span<const double>(network.weights()).subspan(first),
                        expected, 0, 1e-4 * kLearningRate);
    if (step != 0) continue;
    size_t compared = 0;
    ForEachTrained(*scene_.student.layout, cut, [&](const ParameterInfo& info, size_t at) {
      const double largest =
          Largest(std::span<const double>(first_gradient).subspan(at, info.count));
      // The gradient must also be far above Adam's epsilon, or its last digits change the step.
      const double noise = std::max(0.01 * largest, 1e-4);
      for (size_t i = 0; i < info.count; ++i) {
        if (std::abs(first_gradient[at + i]) < noise) continue;
        ASSERT_NEAR(learner.trained()[at + i], expected[at + i], 1e-3 * kLearningRate)
            << info.name << " element " << i;
        ++compared;
      }
    });
    EXPECT_GT(compared, expected.size() / 4);
  }
}

const NetworkSpec kSmall = {.classes = 6,
                            .in_conv1 = 4,
                            .in_conv2 = 16,
                            .enc1 = 16,
                            .enc2 = 32,
                            .enc3 = 48,
                            .dec1 = 32,
                            .dec2 = 32,
                            .dec3 = 16,
                            .out = 32};

INSTANTIATE_TEST_SUITE_P(RandomStudents, TorchOracle,
                         testing::Values(Case{{}, 104, 72, kFullDistillation, "PublishedFull"},
                                         Case{
                                             {}, 104, 72, kPartialDistillation, "PublishedPartial"},
                                         Case{{}, 83, 61, kFullDistillation, "OddFull"},
                                         Case{{}, 83, 61, kPartialDistillation, "OddPartial"},
                                         Case{kSmall, 66, 52, kFullDistillation, "SmallFull"},
                                         Case{kSmall, 37, 70, Stage::kEnc3, "SmallFromEnc3"}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace shadowtutor::nn
