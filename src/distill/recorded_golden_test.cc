// The engine and the paper's algorithms against what PyTorch computed in double precision for a
// small student and small frames; tests/data/README.md says how it was recorded. Runs in every
// clone and calls only what users of nn/ and distill/ call.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "distill/key_frame_stride.h"
#include "distill/loss_weights.h"
#include "distill/miou.h"
#include "distill/trainer.h"
#include "nn/checkpoint_io.h"
#include "nn/learner.h"
#include "nn/predictor.h"
#include "nn/safetensors.h"
#include "nn/testing/comparison.h"
#include "nn/testing/parameters.h"
#include "nn/testing/tensor_values.h"

namespace shadowtutor::distill {
namespace {

using nlohmann::json;
using nn::ForEachTrained;
using nn::Largest;
using nn::Stage;

// fp32 against double, as shares of a tensor's largest magnitude.
constexpr double kLogProbabilityBound = 1e-4;
constexpr double kGradientBound = 2e-3;
constexpr double kLossBound = 1e-5;
constexpr double kLearningRate = 0.01;
// Training multiplies rounding, and the frames are fair to the untrained student only: after steps,
// a pixel near a border between classes may change sides. One pixel of portrait_37x70, the smallest
// frame, can move mIoU by almost 2e-3.
constexpr double kTrainedLossBound = 1e-4;
constexpr double kTrainedMetricBound = 2e-3;

const std::vector<std::string> kFrames = {"odd_69x53", "eights_72x56", "portrait_37x70"};

std::filesystem::path GoldenFile(const std::string& name) {
  return std::filesystem::path(SHADOWTUTOR_SOURCE_DIR) / "tests" / "data" / "golden" / name;
}

nn::Checkpoint GoldenStudent() { return nn::LoadCheckpoint(GoldenFile("student.safetensors")); }

json Logic() {
  const auto bytes = ReadFile(GoldenFile("logic.json"), nn::kMaxSafetensorsBytes);
  return json::parse(bytes.begin(), bytes.end());
}

// One frame and what belongs to it.
class GoldenFrame {
 public:
  explicit GoldenFrame(const std::string& name)
      : bytes_(ReadFile(GoldenFile(name + ".safetensors"), nn::kMaxSafetensorsBytes)),
        file_(nn::ParseSafetensors(bytes_)) {
    frame = nn::ImageOf(Tensor("frame"));
    label = Labels("target");
    for (const double v : Values("weight")) weights.push_back(static_cast<float>(v));
  }

  /// Of all the gradients that are recorded.
  double LargestGradient() const {
    double largest = 0;
    for (const auto& tensor : file_.tensors) {
      if (tensor.name.rfind("grad.", 0) != 0) continue;
      largest = std::max(largest, Largest(nn::Doubles(tensor)));
    }
    return largest;
  }

  bool Has(const std::string& name) const { return file_.Find(name) != nullptr; }
  std::vector<double> Values(const std::string& name) const { return nn::Doubles(Tensor(name)); }
  LabelMap Labels(const std::string& name) const { return nn::LabelOf(Tensor(name)); }

  Image frame;
  LabelMap label;
  std::vector<float> weights;  // one per pixel

 private:
  const nn::TensorView& Tensor(const std::string& name) const {
    const nn::TensorView* tensor = file_.Find(name);
    if (!tensor) throw std::runtime_error("the golden set lacks " + name);
    return *tensor;
  }

  std::vector<uint8_t> bytes_;
  nn::Safetensors file_;
};

Stage CutOf(const std::string& name) {
  return name == "full" ? nn::kFullDistillation : nn::kPartialDistillation;
}

// A map from one string of digits per row.
LabelMap MapOf(const json& rows) {
  LabelMap map(static_cast<int>(rows.at(0).get<std::string>().size()),
               static_cast<int>(rows.size()));
  for (int y = 0; y < map.height(); ++y) {
    const auto row = rows.at(static_cast<size_t>(y)).get<std::string>();
    for (int x = 0; x < map.width(); ++x) {
      map.at(x, y) = static_cast<uint8_t>(row.at(static_cast<size_t>(x)) - '0');
    }
  }
  return map;
}

std::vector<float> WeightsOf(const json& rows) {
  const LabelMap map = MapOf(rows);
  return {map.labels().begin(), map.labels().end()};
}

TEST(RecordedGolden, PredictsTheSameLabels) {
  const nn::Checkpoint student = GoldenStudent();
  nn::Predictor predictor(nn::PackWeights(student.layout, student.weights));
  nn::Learner learner(student.layout, student.weights, nn::kPartialDistillation);
  for (const auto& name : kFrames) {
    const GoldenFrame golden(name);
    const LabelMap expected = golden.Labels("prediction");
    EXPECT_TRUE(predictor.Predict(golden.frame) == expected) << name;
    learner.SetFrame(golden.frame);
    EXPECT_TRUE(learner.Predict() == expected) << name;
  }
}

// With all weight on one pixel the loss is minus the log-probability of that pixel's label, which
// shows the logits up to a constant.
TEST(RecordedGolden, GivesTheSameProbabilities) {
  const nn::Checkpoint student = GoldenStudent();
  nn::Learner learner(student.layout, student.weights, Stage::kOutConv3);
  const auto classes = static_cast<size_t>(student.layout->spec().classes);
  for (const auto& name : kFrames) {
    const GoldenFrame golden(name);
    learner.SetFrame(golden.frame);
    const auto pixels = golden.Values("probe.pixels");
    const auto expected = golden.Values("probe.log_probabilities");
    ASSERT_EQ(expected.size(), pixels.size() * classes);
    const double bound = kLogProbabilityBound * Largest(expected);
    for (size_t i = 0; i < expected.size(); ++i) {
      const auto pixel = static_cast<size_t>(pixels[i / classes]);
      LabelMap label = golden.label;
      label.labels()[pixel] = static_cast<uint8_t>(i % classes);
      std::vector<float> weights(label.labels().size(), 0.0f);
      weights[pixel] = static_cast<float>(weights.size());
      EXPECT_NEAR(-learner.LossAndGradient(label, weights), expected[i], bound)
          << name << " pixel " << pixel << " class " << i % classes;
    }
  }
}

TEST(RecordedGolden, GivesTheSameLossAndGradients) {
  const nn::Checkpoint student = GoldenStudent();
  size_t compared = 0;
  for (const auto& name : kFrames) {
    const GoldenFrame golden(name);
    for (const Stage cut : {nn::kFullDistillation, nn::kPartialDistillation}) {
      SCOPED_TRACE(name + " from " + std::string(nn::StageName(cut)));
      nn::Learner learner(student.layout, student.weights, cut);
      learner.SetFrame(golden.frame);
      const double expected = golden.Values("loss")[0];
      EXPECT_NEAR(learner.LossAndGradient(golden.label, golden.weights), expected,
                  kLossBound * expected);
      // Biases right before a norm have no gradient: what is left is rounding of the others'.
      const double floor = 1e-3 * kGradientBound * golden.LargestGradient();
      ForEachTrained(*student.layout, cut, [&](const nn::ParameterInfo& info, size_t at) {
        if (!golden.Has("grad." + info.name)) return;
        const auto gradient = golden.Values("grad." + info.name);
        ASSERT_EQ(gradient.size(), info.count);
        const double bound = kGradientBound * Largest(gradient) + floor;
        for (size_t i = 0; i < info.count; ++i) {
          ASSERT_NEAR(learner.gradient()[at + i], gradient[i], bound)
              << info.name << " element " << i;
        }
        compared += info.count;
      });
    }
  }
  const auto& layout = *student.layout;
  // Those of one frame from the first stage on and of another from dec2 on, each for both cuts.
  EXPECT_EQ(compared, layout.size() + 3 * layout.TrainedSize(nn::kPartialDistillation));
}

// Adam divides by the gradient's own size, so its first step is the learning rate up or down even
// where the gradient is rounding noise. Weights are compared where it is more than that; the losses
// on the way, which see all weights, everywhere.
TEST(RecordedGolden, TakesTheSameAdamSteps) {
  const nn::Checkpoint student = GoldenStudent();
  size_t compared = 0;
  for (const auto& name : kFrames) {
    const GoldenFrame golden(name);
    for (const std::string cut_name : {"full", "partial"}) {
      const Stage cut = CutOf(cut_name);
      nn::Learner learner(student.layout, student.weights, cut, {.learning_rate = kLearningRate});
      learner.SetFrame(golden.frame);
      const auto losses = golden.Values("adam." + cut_name + ".losses");
      const auto metrics = golden.Values("adam." + cut_name + ".metrics");
      for (size_t step = 0; step < losses.size(); ++step) {
        SCOPED_TRACE(testing::Message()
                     << name << " " << cut_name << " after " << step << " steps");
        const LabelMap& prediction = learner.Predict();
        EXPECT_NEAR(MeanIoU(prediction, golden.label, student.layout->spec().classes),
                    metrics[step], kTrainedMetricBound);
        EXPECT_NEAR(learner.LossAndGradient(golden.label, golden.weights), losses[step],
                    kTrainedLossBound * losses[step]);
        // One step is the learning rate times a sign; five add up noise of later gradients.
        const double bound = (step == 1 ? 1e-3 : 0.1) * kLearningRate;
        ForEachTrained(*student.layout, cut, [&](const nn::ParameterInfo& info, size_t at) {
          const std::string recorded = "adam" + std::to_string(step) + "." + info.name;
          if (cut != nn::kPartialDistillation || !golden.Has(recorded)) return;
          const auto weights = golden.Values(recorded);
          const auto gradient = golden.Values("grad." + info.name);
          const double noise = std::max(0.01 * Largest(gradient), 1e-4 * golden.LargestGradient());
          for (size_t i = 0; i < info.count; ++i) {
            if (std::abs(gradient[i]) < noise) continue;
            ASSERT_NEAR(learner.trained()[at + i], weights[i], bound)
                << info.name << " element " << i;
            ++compared;
          }
        });
        learner.AdamStep();
      }
    }
  }
  // Twice the trained part is recorded, and most of it is more than noise.
  EXPECT_GT(compared, student.layout->TrainedSize(nn::kPartialDistillation));
}

TEST(RecordedGolden, TrainsOnKeyFramesAsAlgorithm1Says) {
  const nn::Checkpoint student = GoldenStudent();
  const json logic = Logic();
  ASSERT_FALSE(logic.at("algorithm_1").empty());
  for (const auto& run : logic.at("algorithm_1")) {
    TrainerOptions options;
    options.threshold = run.at("threshold");
    options.max_updates = run.at("max_updates");
    options.cut = CutOf(run.at("cut"));
    options.adam.learning_rate = run.at("learning_rate");
    Trainer trainer(student, options);
    for (const auto& expected : run.at("results")) {
      SCOPED_TRACE(expected.dump());
      const GoldenFrame golden(expected.at("key_frame"));
      const TrainResult result = trainer.Train(golden.frame, {.label = golden.label, .instances{}});
      EXPECT_NEAR(result.initial_metric, expected.at("initial_metric").get<double>(),
                  kTrainedMetricBound);
      EXPECT_NEAR(result.metric, expected.at("metric").get<double>(), kTrainedMetricBound);
      EXPECT_EQ(result.steps, expected.at("steps").get<int>());
      EXPECT_EQ(result.changed, expected.at("changed").get<bool>());
    }
  }
}

TEST(RecordedGolden, WeighsTheSamePixels) {
  for (const auto& name : kFrames) {
    const GoldenFrame golden(name);
    const auto boxes = ComponentBoxes(golden.label, GoldenStudent().background);
    EXPECT_EQ(LossWeights(golden.frame.size(), boxes), golden.weights) << name;
  }
  const json logic = Logic();
  ASSERT_FALSE(logic.at("loss_weights_of_labels").empty());
  for (const auto& test : logic.at("loss_weights_of_labels")) {
    const LabelMap label = MapOf(test.at("label"));
    EXPECT_EQ(LossWeights(label.size(), ComponentBoxes(label, test.at("background"))),
              WeightsOf(test.at("weights")))
        << test;
  }
  ASSERT_FALSE(logic.at("loss_weights_of_boxes").empty());
  for (const auto& test : logic.at("loss_weights_of_boxes")) {
    std::vector<Box> boxes;
    for (const auto& box : test.at("boxes")) boxes.push_back({box[0], box[1], box[2], box[3]});
    EXPECT_EQ(LossWeights(MapOf(test.at("weights")).size(), boxes), WeightsOf(test.at("weights")))
        << test;
  }
}

TEST(RecordedGolden, ScoresTheSame) {
  const json logic = Logic();
  ASSERT_FALSE(logic.at("miou").empty());
  for (const auto& test : logic.at("miou")) {
    EXPECT_NEAR(MeanIoU(MapOf(test.at("prediction")), MapOf(test.at("label")), test.at("classes")),
                test.at("miou").get<double>(), 1e-12)
        << test;
  }
}

TEST(RecordedGolden, TakesTheSameStrides) {
  const json logic = Logic();
  ASSERT_FALSE(logic.at("strides").empty());
  for (const auto& test : logic.at("strides")) {
    const StrideOptions options{.threshold = test.at("threshold"),
                                .min_stride = test.at("min_stride"),
                                .max_stride = test.at("max_stride")};
    int stride = options.min_stride;
    std::vector<int> strides;
    for (const double metric : test.at("metrics")) {
      stride = NextStride(stride, metric, options);
      strides.push_back(stride);
    }
    EXPECT_EQ(strides, test.at("strides").get<std::vector<int>>());
  }
}

}  // namespace
}  // namespace shadowtutor::distill
