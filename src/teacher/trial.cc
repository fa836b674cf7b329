#include "teacher/trial.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <exception>

#include "teacher/network_input.h"
#include "teacher/output_reader.h"

namespace shadowtutor::teacher {
namespace {

void DescribeInput(const std::vector<float>& input, Trial& trial) {
  double sum = 0, squares = 0;
  const auto [low, high] = std::minmax_element(input.begin(), input.end());
  trial.input_low = *low;
  trial.input_high = *high;
  for (const float value : input) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  const auto count = static_cast<double>(input.size());
  trial.input_spread = std::sqrt(std::max(squares / count - (sum / count) * (sum / count), 0.0));
}

void DescribeRange(const TensorView& output, Trial& trial) {
  const auto [low, high] = std::minmax_element(output.values, output.values + output.count());
  trial.output_low = *low;
  trial.output_high = *high;
  trial.largest_output = std::max(std::abs(trial.output_low), std::abs(trial.output_high));
  trial.probabilities = trial.output_low >= 0 && trial.output_high <= 1.001;
}

// The mean over all pixels of the largest class probability. Scores are turned into probabilities
// by softmax, unless they are `probabilities`.
double MeanTopProbability(const TensorView& output, bool probabilities) {
  const auto classes = static_cast<size_t>(output.shape[1]);
  const size_t pixels = output.count() / classes;
  double sum = 0;
  for (size_t i = 0; i < pixels; ++i) {
    float top = output.values[i];
    double whole = 0;
    for (size_t c = 1; c < classes; ++c) top = std::max(top, output.values[c * pixels + i]);
    for (size_t c = 0; c < classes; ++c) {
      const float value = output.values[c * pixels + i];
      whole += probabilities ? value : std::exp(static_cast<double>(value) - top);
    }
    sum += probabilities ? top / std::max(whole, 1e-9) : 1 / whole;
  }
  return sum / static_cast<double>(pixels);
}

double MeanSaliencySureness(const TensorView& output, bool probabilities) {
  double sum = 0;
  for (size_t i = 0; i < output.count(); ++i) {
    const double value = output.values[i];
    const double p = probabilities ? value : 1 / (1 + std::exp(-value));
    sum += std::max(p, 1 - p);
  }
  return sum / static_cast<double>(output.count());
}

void DescribeOutput(const std::vector<NamedTensor>& outputs, const ModelCard& card, Trial& trial) {
  if (card.kind != Kind::kSemanticLogits && card.kind != Kind::kSaliency) return;
  const TensorView& output = OutputFor(outputs, card, "output");
  if (output.count() == 0) return;
  if (card.kind == Kind::kSemanticLogits) {
    if (output.shape.size() != 4 || output.shape[0] != 1) return;
    trial.output_classes = output.shape[1];
  }
  CheckFinite(output);
  DescribeRange(output, trial);
  trial.sureness = card.kind == Kind::kSaliency ? MeanSaliencySureness(output, trial.probabilities)
                                                : MeanTopProbability(output, trial.probabilities);
}

}  // namespace

std::vector<double> ClassShares(const LabelMap& label, size_t classes) {
  std::vector<double> shares(classes, 0.0);
  std::array<size_t, 256> counts = {};
  for (const uint8_t index : label.labels()) ++counts[index];
  for (size_t i = 0; i < std::min(classes, counts.size()); ++i) {
    shares[i] = static_cast<double>(counts[i]) / static_cast<double>(label.labels().size());
  }
  return shares;
}

Trial RunTrial(Network& network, const ModelCard& card, const InputSpec& spec, ImageView image) {
  Trial trial;
  trial.spec = spec;
  OutputReader reader(card);
  using Clock = std::chrono::steady_clock;
  try {
    Clock::time_point start = Clock::now();
    const Placement placement = PlaceFrame(image.size(), spec);
    std::vector<float> input = NetworkInput(image, spec, placement);
    Clock::duration took = Clock::now() - start;
    DescribeInput(input, trial);

    start = Clock::now();
    const std::vector<NamedTensor> outputs = network.Run(input, placement.input);
    took += Clock::now() - start;
    DescribeOutput(outputs, card, trial);

    start = Clock::now();
    trial.seen = reader.Read(outputs, placement);
    took += Clock::now() - start;
    trial.seconds = std::chrono::duration<double>(took).count();
  } catch (const std::exception& error) {
    trial.error = error.what();
    return trial;
  }
  const std::vector<double> shares = ClassShares(trial.seen.label, card.classes.size());
  const auto largest = std::max_element(shares.begin(), shares.end());
  trial.largest_share = *largest;
  trial.largest_class = static_cast<int>(largest - shares.begin());
  if (HasInstances(card.kind)) {
    double sum = 0;
    for (const Instance& instance : trial.seen.instances) sum += instance.score;
    trial.sureness = trial.seen.instances.empty()
                         ? static_cast<double>(trial.seen.best_score)
                         : sum / static_cast<double>(trial.seen.instances.size());
  }
  return trial;
}

}  // namespace shadowtutor::teacher
