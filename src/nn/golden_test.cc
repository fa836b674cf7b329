// Compares the reference network and the engine with tensors of the original implementation in
// PyTorch. The tensors are not part of the project; the tests are skipped where they are missing.
// reference_test and engine_test cover the same code.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <set>
#include <type_traits>

#include "core/atomic_file.h"
#include "distill/loss_weights.h"
#include "distill/miou.h"
#include "nn/checkpoint_io.h"
#include "nn/learner.h"
#include "nn/safetensors.h"
#include "nn/testing/activations.h"
#include "nn/testing/comparison.h"
#include "nn/testing/parameters.h"
#include "nn/testing/reference.h"
#include "nn/testing/tensor_values.h"

namespace shadowtutor::nn {
namespace {

namespace fs = std::filesystem;
using DoubleTensor = reference::Tensor<double>;

// Bounds relative to a tensor's largest magnitude.
constexpr double kActivationBound = 1e-4;
constexpr double kGradientBound = 2e-3;  // in PyTorch, fp32 and fp64 differ by up to 1e-3
constexpr double kLossBound = 1e-5;
constexpr double kLearningRate = 0.01;
constexpr int kBackground = 8;

// Biases right before a norm. Their gradient is zero in theory, so only rounding errors are left.
const std::set<std::string> kNoGradient = {"in_conv2.bias",         "enc1.short_path.bias",
                                           "enc3.short_path.bias",  "dec1.short_path.bias",
                                           "dec2.short_path.bias",  "enc1.long_path.3.bias",
                                           "enc2.long_path.3.bias", "enc3.long_path.3.bias",
                                           "dec1.long_path.3.bias", "dec2.long_path.3.bias"};

class ReferenceCandidate {
 public:
  ReferenceCandidate(const Checkpoint& student, Stage cut)
      : network_(student), cut_(cut), adam_(student.layout->TrainedSize(cut), {}) {}

  static bool Has(const std::string&) { return true; }
  void SetFrame(ImageView frame) { frame_ = frame; }
  LabelMap Predict() {
    network_.Forward(frame_);
    return network_.Labels();
  }
  DoubleTensor Activation(const std::string& name) { return network_.Activation(name); }
  double LossAndGradient(const LabelMap& label, std::span<const float> weights) {
    auto backward = network_.LossAndGradient(label, weights, cut_);
    gradient_ = std::move(backward.gradient);
    return backward.loss;
  }
  std::span<const double> gradient() const { return gradient_; }
  std::span<const double> trained() {
    return std::span(network_.weights()).subspan(network_.layout().TrainedOffset(cut_));
  }
  void AdamStep() {
    adam_.Step(std::span(network_.weights()).subspan(network_.layout().TrainedOffset(cut_)),
               gradient_);
  }

 private:
  reference::Network<double> network_;
  Stage cut_;
  reference::Adam<double> adam_;
  ImageView frame_;
  std::vector<double> gradient_;
};

class EngineCandidate {
 public:
  EngineCandidate(const Checkpoint& student, Stage cut)
      : learner_(student.layout, student.weights, cut) {
    learner_.UseWorkspace(workspace_);
  }

  // The engine composes everything after dec3, so it does not compute these activations.
  static bool Has(const std::string& name) {
    return name != "dec3_up" && name != "out_conv1" && name != "out_conv2";
  }
  void SetFrame(ImageView frame) {
    frame_.Assign(frame);
    learner_.SetFrame(frame);
  }
  LabelMap Predict() { return learner_.Predict(); }
  DoubleTensor Activation(const std::string& name) {
    // The engine never stores logits at the frame's size, so those at half the size are enlarged.
    const bool logits = name == "logits";
    const auto tensor =
        ReadActivation(learner_, *workspace_, frame_, logits ? "logits_half" : name);
    return logits ? reference::Resize(tensor, frame_.height(), frame_.width()) : tensor;
  }
  double LossAndGradient(const LabelMap& label, std::span<const float> weights) {
    return learner_.LossAndGradient(label, weights);
  }
  std::span<const float> gradient() const { return learner_.gradient(); }
  std::span<const float> trained() const { return learner_.trained(); }
  void AdamStep() { learner_.AdamStep(); }

 private:
  Learner learner_;
  std::shared_ptr<TrainingWorkspace> workspace_ = std::make_shared<TrainingWorkspace>();
  Image frame_;
};

struct GoldenCase {
  std::vector<uint8_t> bytes;
  Safetensors file;
  Image frame;
  LabelMap label;
  std::vector<float> weights;

  std::vector<double> Values(const std::string& name) const {
    const TensorView* tensor = file.Find(name);
    if (!tensor) throw std::runtime_error("the golden case lacks " + name);
    return Doubles(*tensor);
  }
};

fs::path Shared() { return fs::path(SHADOWTUTOR_SOURCE_DIR) / ".." / "shared"; }

GoldenCase Load(const std::string& name) {
  GoldenCase golden;
  golden.bytes = ReadFile(Shared() / "golden" / (name + ".safetensors"), kMaxSafetensorsBytes);
  golden.file = ParseSafetensors(golden.bytes);
  if (const TensorView* frame = golden.file.Find("frame")) {
    golden.frame = ImageOf(*frame);
    golden.label = LabelOf(*golden.file.Find("target"));
    for (const double v : golden.Values("weight")) golden.weights.push_back(static_cast<float>(v));
    return golden;
  }
  // The 720p case is a small picture that is enlarged by a formula.
  const Image small = ImageOf(*golden.file.Find("frame90x160"));
  const LabelMap small_label = LabelOf(*golden.file.Find("target90x160"));
  golden.frame = Image(8 * small.width(), 8 * small.height());
  golden.label = LabelMap(8 * small.width(), 8 * small.height());
  for (int y = 0; y < golden.frame.height(); ++y) {
    for (int x = 0; x < golden.frame.width(); ++x) {
      golden.label.at(x, y) = small_label.at(x / 8, y / 8);
      for (int c = 0; c < 3; ++c) {
        const int value = small.row(y / 8)[x / 8 * 3 + c] + ((7 * x + 13 * y) & 15);
        golden.frame.row(y)[3 * x + c] = static_cast<uint8_t>(std::min(255, value));
      }
    }
  }
  golden.weights =
      distill::LossWeights(golden.frame.size(), distill::ComponentBoxes(golden.label, kBackground));
  return golden;
}

template <typename Candidate>
class Golden : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(Shared() / "golden") || !fs::exists(Shared() / "models")) {
      GTEST_SKIP() << "skipped: the golden tensors are not there (" << Shared() << ")";
    }
    student_ = LoadCheckpoint(Shared() / "models" / "student_lvs9.safetensors");
  }

  Checkpoint student_;
};

using Candidates = testing::Types<ReferenceCandidate, EngineCandidate>;
class CandidateNames {
 public:
  template <typename T>
  static std::string GetName(int) {
    return std::is_same_v<T, ReferenceCandidate> ? "Reference" : "Engine";
  }
};
TYPED_TEST_SUITE(Golden, Candidates, CandidateNames);

void ExpectClose(const std::string& what, std::span<const double> values,
                 std::span<const double> golden, double bound) {
  ASSERT_EQ(values.size(), golden.size()) << what;
  EXPECT_LE(LargestDifference(values, golden), bound * Largest(golden)) << what;
}

TYPED_TEST(Golden, EveryActivation) {
  for (const char* name : {"case_a_96x160", "case_b_90x158"}) {
    const GoldenCase golden = Load(name);
    TypeParam candidate(this->student_, kPartialDistillation);
    candidate.SetFrame(golden.frame);
    candidate.Predict();
    int compared = 0;
    for (const auto& tensor : golden.file.tensors) {
      if (tensor.name.rfind("act.", 0) != 0) continue;
      const std::string stage = tensor.name.substr(4);
      if (!TypeParam::Has(stage)) continue;
      const DoubleTensor values = candidate.Activation(stage);
      EXPECT_EQ((std::vector<size_t>{static_cast<size_t>(values.channels),
                                     static_cast<size_t>(values.height),
                                     static_cast<size_t>(values.width)}),
                tensor.shape);
      ExpectClose(stage, values.values, Doubles(tensor), kActivationBound);
      ++compared;
    }
    EXPECT_GE(compared, 11);
  }
}

TYPED_TEST(Golden, LossAndEveryGradient) {
  for (const char* name : {"case_a_96x160", "case_b_90x158"}) {
    const GoldenCase golden = Load(name);
    for (const Stage cut : {kFullDistillation, kPartialDistillation}) {
      TypeParam candidate(this->student_, cut);
      candidate.SetFrame(golden.frame);
      candidate.Predict();
      const double loss = candidate.LossAndGradient(golden.label, golden.weights);
      const double expected = golden.Values("loss")[0];
      EXPECT_NEAR(loss, expected, kLossBound * expected);
      const std::string prefix = cut == kFullDistillation ? "grad.full." : "grad.partial.";
      ForEachTrained(*this->student_.layout, cut, [&](const ParameterInfo& info, size_t at) {
        if (kNoGradient.count(info.name)) return;
        const auto part = candidate.gradient().subspan(at, info.count);
        ExpectClose(prefix + info.name, std::vector<double>(part.begin(), part.end()),
                    golden.Values(prefix + info.name), kGradientBound);
      });
    }
  }
}

// Adam divides by the size of the gradient, so its first step is the learning rate up or down even
// where the gradient is only rounding error. So weights are compared only where the gradient is
// larger than that. The losses, which depend on all weights, are compared after every step.
TYPED_TEST(Golden, AdamStepsOnOneFrame) {
  for (const char* name : {"case_a_96x160", "case_b_90x158"}) {
    const GoldenCase golden = Load(name);
    const Stage cut = kPartialDistillation;
    TypeParam candidate(this->student_, cut);
    candidate.SetFrame(golden.frame);
    const auto losses = golden.Values("adam.losses"), ious = golden.Values("adam.miou");
    for (int step = 0; step <= 5; ++step) {
      const LabelMap prediction = candidate.Predict();
      const double loss = candidate.LossAndGradient(golden.label, golden.weights);
      const auto at_step = static_cast<size_t>(step);
      EXPECT_NEAR(loss, losses[at_step], 1e-4 * losses[at_step]) << name << " step " << step;
      EXPECT_NEAR(distill::MeanIoU(prediction, golden.label, 9), ious[at_step], 1e-3)
          << name << " step " << step;
      if (step == 1 || step == 5) {
        // The first step is the learning rate times a sign; after five steps there is noise of
        // later gradients in it.
        const double bound = (step == 1 ? 1e-3 : 0.1) * kLearningRate;
        size_t compared = 0, all = 0;
        ForEachTrained(*this->student_.layout, cut, [&](const ParameterInfo& info, size_t at) {
          if (kNoGradient.count(info.name)) return;
          const auto gradient = golden.Values("grad.partial." + info.name);
          const auto weights = golden.Values("adam" + std::to_string(step) + "." + info.name);
          const double noise = 0.01 * Largest(gradient);
          all += info.count;
          for (size_t i = 0; i < info.count; ++i) {
            if (std::abs(gradient[i]) < noise) continue;
            ASSERT_NEAR(candidate.trained()[at + i], weights[i], bound)
                << name << " " << info.name << " element " << i << " after " << step << " steps";
            ++compared;
          }
        });
        EXPECT_GT(compared, all / 4);
      }
      candidate.AdamStep();
    }
  }
}

void ExpectChecksums(const GoldenCase& golden, const std::string& name,
                     std::span<const double> values, double bound) {
  const auto stat = golden.Values("stat." + name), sample = golden.Values("sample." + name);
  const double largest = std::max(std::abs(stat[3]), std::abs(stat[4]));
  double sum = 0, magnitude = 0, squares = 0, least = values[0], most = values[0];
  for (const double v : values) {
    sum += v;
    magnitude += std::abs(v);
    squares += v * v;
    least = std::min(least, v);
    most = std::max(most, v);
  }
  EXPECT_NEAR(sum, stat[0], bound * stat[1]) << name;
  EXPECT_NEAR(magnitude, stat[1], bound * stat[1]) << name;
  EXPECT_NEAR(squares, stat[2], 2 * bound * stat[2]) << name;
  EXPECT_NEAR(least, stat[3], bound * largest) << name;
  EXPECT_NEAR(most, stat[4], bound * largest) << name;
  for (size_t i = 0; i < sample.size(); ++i) {
    const uint64_t at = (i * uint64_t{2654435761} + 12345) % values.size();
    EXPECT_NEAR(values[at], sample[i], bound * largest) << name << " element " << at;
  }
}

TYPED_TEST(Golden, ChecksumsAt720p) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  if (std::is_same_v<TypeParam, ReferenceCandidate>) {
    GTEST_SKIP() << "skipped: minutes in plain loops under a sanitizer; the small cases run";
  }
#endif
  const GoldenCase golden = Load("case_720p_checksums");
  TypeParam candidate(this->student_, kFullDistillation);
  candidate.SetFrame(golden.frame);
  const LabelMap prediction = candidate.Predict();
  for (const auto& tensor : golden.file.tensors) {
    if (tensor.name.rfind("stat.act.", 0) != 0) continue;
    const std::string stage = tensor.name.substr(9);
    if (!TypeParam::Has(stage)) continue;
    ExpectChecksums(golden, "act." + stage, candidate.Activation(stage).values, kActivationBound);
  }
  const double expected = golden.Values("loss")[0];
  EXPECT_NEAR(candidate.LossAndGradient(golden.label, golden.weights), expected,
              kLossBound * expected);
  ForEachTrained(*this->student_.layout, kFullDistillation,
                 [&](const ParameterInfo& info, size_t at) {
                   if (kNoGradient.count(info.name)) return;
                   const auto part = candidate.gradient().subspan(at, info.count);
                   ExpectChecksums(golden, "grad.full." + info.name,
                                   std::vector<double>(part.begin(), part.end()), kGradientBound);
                 });
  std::array<double, 9> histogram{};
  for (const uint8_t label : prediction.labels()) histogram[label] += 1;
  const auto golden_histogram = golden.Values("argmax_hist");
  for (size_t c = 0; c < 9; ++c) EXPECT_NEAR(histogram[c], golden_histogram[c], 20) << c;
  EXPECT_NEAR(distill::MeanIoU(prediction, golden.label, 9), golden.Values("miou")[0], 1e-4);
}

}  // namespace
}  // namespace shadowtutor::nn
