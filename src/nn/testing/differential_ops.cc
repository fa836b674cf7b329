// The norm, resizing and Adam.
#include <algorithm>
#include <cmath>
#include <sstream>

#include "nn/kernels/adam.h"
#include "nn/kernels/norm.h"
#include "nn/kernels/resize.h"
#include "nn/testing/differential.h"

namespace shadowtutor::nn::differential {
namespace {

struct Statistics {
  double mean = 0, reciprocal_deviation = 0;
};

Statistics ChannelStatistics(const DoubleTensor& x, int c) {
  const double* values = x.row(c, 0);
  const auto n = static_cast<double>(x.plane());
  double sum = 0, squares = 0;
  for (size_t i = 0; i < x.plane(); ++i) sum += values[i];
  const double mean = sum / n;
  for (size_t i = 0; i < x.plane(); ++i) squares += (values[i] - mean) * (values[i] - mean);
  return {mean, 1 / std::sqrt(squares / n + kNormEpsilon)};
}

// Sums of absolute terms of the norm's gradient, where every x - mean counts as |x| + |mean|: a
// mean in single precision is off by as much.
reference::NormGradients<double> BackwardMagnitudes(const DoubleTensor& x,
                                                    std::span<const double> scale,
                                                    const DoubleTensor& g) {
  reference::NormGradients<double> magnitudes{DoubleTensor(x.channels, x.height, x.width),
                                              std::vector<double>(scale.size()),
                                              std::vector<double>(scale.size())};
  const auto n = static_cast<double>(x.plane());
  for (int c = 0; c < x.channels; ++c) {
    const auto uc = static_cast<size_t>(c);
    const Statistics stats = ChannelStatistics(x, c);
    const auto normalised = [&](size_t i) {
      return (std::abs(x.row(c, 0)[i]) + std::abs(stats.mean)) * stats.reciprocal_deviation;
    };
    double sum = 0, sum_normalised = 0;
    for (size_t i = 0; i < x.plane(); ++i) {
      sum += std::abs(g.row(c, 0)[i]);
      sum_normalised += std::abs(g.row(c, 0)[i]) * normalised(i);
    }
    magnitudes.shift[uc] = sum;
    magnitudes.scale[uc] = sum_normalised;
    const double factor = std::abs(scale[uc]) * stats.reciprocal_deviation;
    for (size_t i = 0; i < x.plane(); ++i) {
      magnitudes.x.row(c, 0)[i] =
          factor * (std::abs(g.row(c, 0)[i]) + sum / n + normalised(i) * sum_normalised / n);
    }
  }
  return magnitudes;
}

}  // namespace

Outcome Norm(Draw& draw) {
  const int channels = draw.Choice(1, 48), height = draw.Side(40), width = draw.Side(30);
  const auto uchannels = static_cast<size_t>(channels);
  const auto x = draw.Tensor(channels, height, width);
  const auto scale = draw.Values(uchannels), shift = draw.Values(uchannels);
  const auto p = reference::Relu(reference::Norm<double>(x, scale, shift));
  DoubleTensor p_magnitudes(channels, height, width);
  for (int c = 0; c < channels; ++c) {
    const auto uc = static_cast<size_t>(c);
    const Statistics stats = ChannelStatistics(x, c);
    const double factor = std::abs(scale[uc]) * stats.reciprocal_deviation;
    for (size_t i = 0; i < x.plane(); ++i) {
      p_magnitudes.row(c, 0)[i] =
          (std::abs(x.row(c, 0)[i]) + std::abs(stats.mean)) * factor + std::abs(shift[uc]);
    }
  }

  Outcome outcome;
  std::ostringstream words;
  const bool in_place = draw.Coin();
  const Guarded in(x);
  const Guarded out = in_place ? Guarded(x) : Guarded(channels, height, width);
  NormStatistics statistics(channels);
  Scratch scratch;
  NormRelu(in_place ? out.view() : in.view(), Floats(scale), Floats(shift), out, statistics,
           scratch);
  out.CompareTo("output", p, p_magnitudes, outcome);

  // A gradient is asked for all channels, for the first blocks of them, or for none.
  auto g = draw.Tensor(channels, height, width);
  g = reference::ReluBackward(p, g);
  const auto expected = reference::NormBackward<double>(x, scale, g);
  const auto magnitudes = BackwardMagnitudes(x, scale, g);
  const int asked =
      draw.Coin() ? channels : std::min(channels, kBlock * draw.Choice(0, Blocks(channels)));
  const bool accumulate = draw.Coin();
  const auto before = draw.Tensor(std::max(1, asked), height, width);
  const Guarded guarded_g(g);
  const Guarded dx = accumulate ? Guarded(before) : Guarded(std::max(1, asked), height, width);
  std::vector<float> scale_gradient(uchannels, NAN), shift_gradient(uchannels, NAN);
  NormReluBackward(in, guarded_g, Floats(scale), statistics, scale_gradient, shift_gradient,
                   asked ? &dx.view() : nullptr, accumulate, scratch);
  words << channels << " channels of " << width << "x" << height << (in_place ? ", in place" : "")
        << ", gradient to " << asked << (accumulate ? ", accumulate" : "");
  outcome.shape = words.str();
  outcome.Compare("scale's gradient", scale_gradient, expected.scale, magnitudes.scale);
  outcome.Compare("shift's gradient", shift_gradient, expected.shift, magnitudes.shift);
  if (asked) {
    auto sums = reference::Slice(expected.x, 0, asked);
    auto sum_magnitudes = reference::Slice(magnitudes.x, 0, asked);
    if (accumulate) {
      reference::AddTo(sums, before);
      reference::AddTo(sum_magnitudes, Magnitudes(before));
    }
    dx.CompareTo("gradient", sums, sum_magnitudes, outcome);
  }
  return outcome;
}

Outcome Resizing(Draw& draw) {
  const int channels = draw.Choice(1, 40);
  const int height = draw.Side(14), width = draw.Side(20);
  const int out_height = draw.Choice(height, 4 * height), out_width = draw.Choice(width, 4 * width);
  const ResizePlan plan(height, width, out_height, out_width);
  Outcome outcome;
  std::ostringstream words;
  words << channels << " channels, " << width << "x" << height << " to " << out_width << "x"
        << out_height;
  outcome.shape = words.str();

  const auto x = draw.Tensor(channels, height, width);
  const Guarded in(x), out(channels, out_height, out_width);
  nn::Resize(plan, in, out);
  out.CompareTo("output", reference::Resize(x, out_height, out_width),
                reference::Resize(Magnitudes(x), out_height, out_width), outcome);

  const auto dy = draw.Tensor(channels, out_height, out_width);
  const Guarded g(dy), dx(channels, height, width);
  Scratch scratch;
  nn::ResizeBackward(plan, g, dx, scratch);
  dx.CompareTo("gradient", reference::ResizeBackward(dy, height, width),
               reference::ResizeBackward(Magnitudes(dy), height, width), outcome);
  return outcome;
}

Outcome Adam(Draw& draw) {
  const auto size = static_cast<size_t>(draw.Choice(0, 100));
  const auto offset = static_cast<size_t>(draw.Choice(0, 3));  // any alignment
  const int step = draw.Coin() ? 1 : draw.Choice(2, 200);
  const AdamOptions options = {.learning_rate = draw.Coin() ? 0.01 : 0.3};
  const auto g = draw.Values(size), w = draw.Values(size), m1 = draw.Values(size);
  auto m2 = Magnitudes(draw.Values(size));
  if (draw.Coin()) std::fill(m2.begin(), m2.end(), 0.0);
  const auto shifted = [&](std::span<const double> values) {
    std::vector<float> floats(offset);
    const auto rest = Floats(values);
    floats.insert(floats.end(), rest.begin(), rest.end());
    return floats;
  };
  std::vector<float> got_g = shifted(g), got_w = shifted(w), got_m1 = shifted(m1),
                     got_m2 = shifted(m2);
  const auto part = [&](std::vector<float>& values) { return std::span(values).subspan(offset); };
  AdamUpdate(options, step, part(got_g), part(got_w), part(got_m1), part(got_m2));

  std::vector<double> new_w, new_m1, new_m2, magnitude_w, magnitude_m1;
  const double correction1 = 1 - std::pow(options.beta1, step);
  const double correction2 = 1 - std::pow(options.beta2, step);
  for (size_t i = 0; i < size; ++i) {
    new_m1.push_back(options.beta1 * m1[i] + (1 - options.beta1) * g[i]);
    new_m2.push_back(options.beta2 * m2[i] + (1 - options.beta2) * g[i] * g[i]);
    magnitude_m1.push_back(options.beta1 * std::abs(m1[i]) + (1 - options.beta1) * std::abs(g[i]));
    const double factor = options.learning_rate / correction1 /
                          (std::sqrt(new_m2[i] / correction2) + options.epsilon);
    new_w.push_back(w[i] - factor * new_m1[i]);
    magnitude_w.push_back(std::abs(w[i]) + factor * magnitude_m1[i]);
  }
  Outcome outcome;
  std::ostringstream words;
  words << size << " weights, step " << step;
  outcome.shape = words.str();
  outcome.Compare("first moment", part(got_m1), new_m1, magnitude_m1);
  outcome.Compare("second moment", part(got_m2), new_m2, new_m2);
  outcome.Compare("weights", part(got_w), new_w, magnitude_w);
  outcome.Require(std::all_of(got_w.begin(), got_w.begin() + static_cast<ptrdiff_t>(offset),
                              [](float value) { return value == 0.0f; }),
                  "what lies before the weights stays as it is");
  return outcome;
}

}  // namespace shadowtutor::nn::differential
