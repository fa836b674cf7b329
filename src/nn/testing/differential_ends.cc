// Cases of the network's end: the linear tail, the labels and the loss.
#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "nn/kernels/head.h"
#include "nn/kernels/loss.h"
#include "nn/kernels/tail.h"
#include "nn/testing/convolution_chain.h"
#include "nn/testing/differential.h"

namespace shadowtutor::nn::differential {
namespace {

// Logits in planes. The room past the ends of rows holds NaN, which must not affect any result.
struct Planes {
  Planes(int classes, int height, int width) : view{nullptr, classes, height, width} {
    floats.assign(view.floats(), NAN);
    view.data = floats.data();
  }
  explicit Planes(const DoubleTensor& values)
      : Planes(values.channels, values.height, values.width) {
    for (int c = 0; c < values.channels; ++c) {
      for (int y = 0; y < values.height; ++y) {
        for (int x = 0; x < values.width; ++x) {
          view.row(c, y)[x] = static_cast<float>(values.row(c, y)[x]);
        }
      }
    }
  }
  Planes(const Planes&) = delete;
  Planes& operator=(const Planes&) = delete;
  std::vector<float> Values() const {
    std::vector<float> values;
    for (int c = 0; c < view.classes; ++c) {
      for (int y = 0; y < view.height; ++y) {
        values.insert(values.end(), view.row(c, y), view.row(c, y) + view.width);
      }
    }
    return values;
  }

  std::vector<float> floats;
  LogitPlanes view;
};

// A frame with its label.
struct LossCase {
  DoubleTensor half, logits;  // at half resolution, and at the frame's
  double largest;             // magnitude of a logit
  LabelMap label;
  std::vector<float> weights;  // of pixels
};

// Compares the loss over the pixels of `sample`, without and with the soft Jaccard loss.
void CompareLoss(const HeadPlan& plan, const LossCase& x, PixelSample sample, Outcome& outcome) {
  const int width = x.logits.width, height = x.logits.height;
  const auto classes = static_cast<size_t>(x.logits.channels);
  const size_t pixels = x.logits.plane();
  // Pixels that are not in the sample are pixels of weight 0, but for the number that the mean is
  // taken over.
  const PixelSample in = sample.dx < width && sample.dy < height ? sample : PixelSample();
  std::vector<float> weights(pixels);
  std::vector<double> count(classes);  // of a class's pixels that count
  size_t sampled = 0;
  for (int row = in.dy; row < height; row += in.stride) {
    for (int column = in.dx; column < width; column += in.stride) {
      const auto k = static_cast<size_t>(row * width + column);
      weights[k] = x.weights[k];
      if (weights[k] != 0) count[x.label.labels()[k]] += 1;
      ++sampled;
    }
  }
  const double share = static_cast<double>(pixels) / static_cast<double>(sampled);
  auto expected = reference::WeightedCrossEntropy<double>(x.logits, x.label, weights);
  expected.loss *= share;
  for (double& value : expected.logits.values) value *= share;
  // The rounding errors of the logits grow with the largest logit; loss and probabilities inherit
  // them.
  const double sensitivity = 1 + x.largest;
  DoubleTensor terms = Magnitudes(expected.logits);
  double mean_weight = 0;
  for (size_t k = 0; k < pixels; ++k) {
    const double weight = static_cast<double>(weights[k]) / static_cast<double>(sampled);
    mean_weight += weight;
    for (size_t c = 0; c < classes; ++c) terms.values[c * pixels + k] += weight * sensitivity;
  }
  const Planes planes(x.half);
  const Planes gradient(x.half.channels, x.half.height, x.half.width);
  Scratch scratch;
  const auto compare = [&](const std::string& what, float jaccard_weight, double loss,
                           const DoubleTensor& slopes, const DoubleTensor& slope_terms) {
    const auto difference = static_cast<float>(
        SegmentationLoss(plan, planes.view, x.label.labels().data(), x.weights.data(),
                         jaccard_weight, sample, gradient.view, scratch) -
        loss);
    outcome.Compare(("loss" + what).c_str(), std::span(&difference, 1), std::vector{0.0},
                    std::vector{(mean_weight + static_cast<double>(jaccard_weight)) * sensitivity});
    outcome.Compare(("logits' gradient" + what).c_str(), gradient.Values(),
                    reference::ResizeBackward(slopes, x.half.height, x.half.width).values,
                    reference::ResizeBackward(slope_terms, x.half.height, x.half.width).values);
  };
  const std::string of = sample.stride == 1 ? "" : " of every second pixel";
  compare(of, 0, expected.loss, expected.logits, terms);

  constexpr float kJaccardWeight = 0.7f;
  const auto jaccard = reference::SoftJaccard<double>(x.logits, x.label, weights);
  DoubleTensor sum = expected.logits, sum_terms = terms;
  // The slope along a pixel's probability is at most 1 / (pixels of its class) / (classes of the
  // label).
  double steepest = 0;
  for (const double n : count) steepest = n > 0 ? std::max(steepest, 1 / n) : steepest;
  for (size_t k = 0; k < sum.values.size(); ++k) {
    sum.values[k] += static_cast<double>(kJaccardWeight) * jaccard.logits.values[k];
    sum_terms.values[k] += steepest * sensitivity;
  }
  compare(of + " with Jaccard", kJaccardWeight,
          expected.loss + static_cast<double>(kJaccardWeight) * jaccard.loss, sum, sum_terms);
}

}  // namespace

Outcome Tail(Draw& draw) {
  // in_conv1's size, and dec3's: a quarter of that, rounded up.
  const int height = draw.Side(30), width = draw.Coin() ? draw.Side(75) : draw.Side(20);
  const int low_height = (height + 3) / 4, low_width = (width + 3) / 4;
  const int classes = draw.Choice(2, 24);
  const int channels = kBlock * draw.Choice(1, 3), middle = kBlock * draw.Choice(1, 2);
  Chain chain;
  chain.layers = {DrawLayer(draw, {middle, channels, 3, 3}),
                  DrawLayer(draw, {middle, middle, 3, 3}),
                  DrawLayer(draw, {classes, middle, 1, 1})};
  Chain magnitude = chain.Magnitude();
  const auto dec3 = draw.Tensor(channels, low_height, low_width);
  const DoubleTensor& expected = chain.Forward(reference::Resize(dec3, height, width));
  const DoubleTensor& magnitudes =
      magnitude.Forward(reference::Resize(Magnitudes(dec3), height, width));

  std::vector<std::vector<float>> floats;
  for (const Chain::Layer& layer : chain.layers) {
    floats.push_back(Floats(layer.weight));
    floats.push_back(Floats(layer.bias));
  }
  const TailParameters parameters = {floats[0], floats[1], floats[2],
                                     floats[3], floats[4], floats[5]};
  TailWeights weights(classes, channels, middle);
  weights.Compose(parameters);
  const TailPlan plan(low_height, low_width, height, width);
  const Guarded in(dec3);
  std::vector<float> working(TailScratchFloats(plan, weights), NAN);
  const Planes logits(classes, height, width);
  TailRows(plan, weights, in, 0, height, logits.view, 0, working.data());

  Outcome outcome;
  std::ostringstream words;
  words << channels << " channels of " << low_width << "x" << low_height << " to " << classes
        << " classes of " << width << "x" << height << " through " << middle;
  outcome.shape = words.str();
  outcome.Compare("logits", logits.Values(), expected.values, magnitudes.values);

  // Computing only some of the rows, into a strip that begins above them, must give the same bits.
  const int y0 = draw.Choice(0, height - 1), y1 = draw.Choice(y0 + 1, height);
  const int first_row = draw.Choice(0, y0);
  const Planes strip(classes, y1 - first_row, width);
  std::fill(working.begin(), working.end(), NAN);
  TailRows(plan, weights, in, y0, y1, strip.view, first_row, working.data());
  bool same = true;
  for (int c = 0; c < classes; ++c) {
    for (int y = y0; y < y1; ++y) {
      const float* row = logits.view.row(c, y);
      same = same && std::equal(row, row + width, strip.view.row(c, y - first_row));
    }
  }
  outcome.Require(same, "a strip of logits has the bits of the whole");

  const auto dy = draw.Tensor(classes, height, width);
  const auto gradients = chain.Backward(dy),
             gradient_magnitudes = magnitude.Backward(Magnitudes(dy));
  const Planes g(dy);
  const bool to_input = draw.Coin();
  const Guarded dx(channels, low_height, low_width);
  TailMaps maps(classes, channels);
  std::vector<float> bias_gradient;
  Scratch scratch;
  TailBackward(plan, weights, in, g.view, maps, bias_gradient, to_input ? &dx.view() : nullptr,
               scratch);
  LayerGradients by_layer[] = {LayerGradients(chain.layers[0]), LayerGradients(chain.layers[1]),
                               LayerGradients(chain.layers[2])};
  weights.Backward(parameters, maps, bias_gradient,
                   {by_layer[0].weight, by_layer[0].bias, by_layer[1].weight, by_layer[1].bias,
                    by_layer[2].weight, by_layer[2].bias},
                   scratch);
  for (size_t i = 0; i < 3; ++i) {
    by_layer[i].CompareTo("out_conv" + std::to_string(i + 1), gradients[i], gradient_magnitudes[i],
                          outcome);
  }
  if (to_input) {
    dx.CompareTo(
        "dec3's gradient", reference::ResizeBackward(gradients[0].x, low_height, low_width),
        reference::ResizeBackward(gradient_magnitudes[0].x, low_height, low_width), outcome);
  }
  return outcome;
}

Outcome LabelsAndLoss(Draw& draw) {
  const int width = draw.Coin() ? draw.Side(150) : draw.Side(20), height = draw.Side(40);
  const int half_width = (width + 1) / 2, half_height = (height + 1) / 2;
  const int classes = draw.Choice(2, 40);
  // Integer logits give ties, which the first class must win. At exactly half the size, neither
  // side rounds.
  const bool whole = draw.Coin();
  auto half = draw.Tensor(classes, half_height, half_width);
  const double spread =
      whole ? 4 : std::array{1.0, 10.0, 100.0}[static_cast<size_t>(draw.Choice(0, 2))];
  double largest = 0;
  for (double& value : half.values) {
    value = static_cast<double>(static_cast<float>(spread * value));
    if (whole) value = std::round(value);
    largest = std::max(largest, std::abs(value));
  }
  const auto logits = reference::Resize(half, height, width);
  const HeadPlan plan(half_height, half_width, height, width);
  const Planes planes(half);

  Outcome outcome;
  std::ostringstream words;
  words << classes << " classes, " << half_width << "x" << half_height << " to " << width << "x"
        << height << ", logits up to " << largest << (whole ? ", whole numbers" : "");
  outcome.shape = words.str();

  // Labels in two strips. The byte after the last row must not change.
  const size_t pixels = logits.plane();
  std::vector<uint8_t> labels(pixels + 1, 255);
  std::vector<float> working(ArgmaxScratchFloats(plan, classes), NAN);
  const int cut = draw.Choice(0, height);
  ArgmaxRows(plan, planes.view, 0, 0, cut, labels.data(), working.data());
  ArgmaxRows(plan, planes.view, 0, cut, height, labels.data(), working.data());
  outcome.Require(labels[pixels] == 255, "labels end with the frame");
  const auto best = reference::ArgMax(logits);
  const auto logit = [&](size_t c, size_t pixel) { return logits.values[c * pixels + pixel]; };
  double lead = 0;  // of the largest logit over the logit of the label that was chosen
  bool in_range = true, equal = true;
  for (size_t i = 0; i < pixels; ++i) {
    in_range = in_range && labels[i] < classes;
    if (!in_range) break;
    equal = equal && labels[i] == best.labels()[i];
    lead = std::max(lead, logit(best.labels()[i], i) - logit(labels[i], i));
  }
  outcome.Require(in_range, "labels are classes");
  if (whole && height % 2 == 0 && width % 2 == 0) {
    outcome.Require(equal, "the first class of equals is the label");
  }
  const auto as_float = static_cast<float>(lead);
  outcome.Compare("labels' logits", std::span(&as_float, 1), std::vector{0.0},
                  std::vector{largest + 1e-30});

  LossCase all = {half, logits, largest, draw.random().Label(width, height, classes),
                  draw.random().PixelWeights(width, height)};
  if (draw.Coin()) {  // Some pixels do not count.
    const int period = draw.Choice(2, 9);
    for (size_t k = 0; k < pixels; k += static_cast<size_t>(period)) all.weights[k] = 0;
  }
  CompareLoss(plan, all, {}, outcome);
  CompareLoss(plan, all, {2, draw.Choice(0, 1), draw.Choice(0, 1)}, outcome);
  return outcome;
}

}  // namespace shadowtutor::nn::differential
