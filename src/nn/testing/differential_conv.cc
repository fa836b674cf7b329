// Cases of convolutions: direct, by Winograd filtering, and their gradients.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <sstream>

#include "nn/kernels/conv_gradient.h"
#include "nn/kernels/winograd.h"
#include "nn/testing/differential.h"

namespace shadowtutor::nn::differential {
namespace {

using reference::ConvShape;

// The expected values, and the same sums of absolute terms.
struct Expected {
  DoubleTensor values, magnitudes;

  void Add(const DoubleTensor& terms, const DoubleTensor& term_magnitudes) {
    reference::AddTo(values, terms);
    reference::AddTo(magnitudes, term_magnitudes);
  }
};

Expected Forward(const DoubleTensor& x, std::span<const double> weight,
                 std::span<const double> bias, const ConvShape& shape) {
  return {reference::Conv<double>(x, weight, bias, shape),
          reference::Conv<double>(Magnitudes(x), Magnitudes(weight), Magnitudes(bias), shape)};
}

// The expected gradient with respect to an input of the given size.
Expected ToInput(const DoubleTensor& dy, std::span<const double> weight, const ConvShape& shape,
                 int height, int width) {
  const DoubleTensor x(shape.in, height, width);
  return {reference::ConvBackward<double>(x, weight, dy, shape).x,
          reference::ConvBackward<double>(x, Magnitudes(weight), Magnitudes(dy), shape).x};
}

// What may be done after the sum, in the order in which the kernels do it.
struct Extras {
  Extras(Draw& draw, int channels, int height, int width) {
    if (draw.Coin()) {
      add_stride = draw.Choice(1, 2);
      add = draw.Tensor(channels, draw.SideBefore(height, add_stride),
                        draw.SideBefore(width, add_stride));
      guarded_add = std::make_unique<Guarded>(add);
    }
    if (draw.Coin()) {
      positive = draw.Tensor(channels, height, width);
      guarded_positive = std::make_unique<Guarded>(positive);
    }
    relu = draw.Coin();
  }
  const View* add_view() const { return guarded_add ? &guarded_add->view() : nullptr; }
  const View* positive_view() const {
    return guarded_positive ? &guarded_positive->view() : nullptr;
  }
  void Apply(Expected& expected) const {
    if (guarded_add) {
      const DoubleTensor terms = reference::Subsample(add, add_stride);
      expected.Add(terms, Magnitudes(terms));
    }
    if (relu) expected.values = reference::Relu(expected.values);
    if (guarded_positive) {
      expected.values = reference::ReluBackward(positive, expected.values);
    }
  }

  DoubleTensor add, positive;
  std::unique_ptr<Guarded> guarded_add, guarded_positive;
  int add_stride = 1;
  bool relu = false;
};

std::ostream& operator<<(std::ostream& stream, const Extras& extras) {
  if (extras.guarded_add) stream << ", add at stride " << extras.add_stride;
  if (extras.relu) stream << ", relu";
  if (extras.guarded_positive) stream << ", positive";
  return stream;
}

// Biases rounded up to whole blocks, as the kernels read them.
std::vector<float> WholeBlocks(std::span<const double> bias) {
  std::vector<float> floats = Floats(bias);
  floats.resize(static_cast<size_t>(Blocks(static_cast<int>(bias.size())) * kBlock));
  return floats;
}

ConvShape DrawShape(Draw& draw, int inputs) {
  ConvShape shape;
  shape.out = draw.Choice(1, 48);
  shape.in = inputs;
  shape.kernel_h = draw.Coin() ? 3 : 1;
  shape.kernel_w = draw.Coin() ? 3 : 1;
  shape.stride = draw.Choice(1, 2);
  return shape;
}

}  // namespace

size_t WeightCount(const ConvShape& s) {
  return static_cast<size_t>(s.out) * static_cast<size_t>(s.in) *
         static_cast<size_t>(s.kernel_h * s.kernel_w);
}

std::ostream& operator<<(std::ostream& stream, const ConvShape& s) {
  return stream << s.kernel_h << "x" << s.kernel_w << " " << s.in << " to " << s.out
                << " channels at stride " << s.stride;
}

Outcome Convolution(Draw& draw) {
  const int height = draw.Side(12), width = draw.Side(36);
  const ConvShape shape = DrawShape(draw, 4 * draw.Choice(1, 12));
  const auto x = draw.Tensor(shape.in, draw.SideBefore(height, shape.stride),
                             draw.SideBefore(width, shape.stride));
  const auto weight = draw.Values(WeightCount(shape));
  const bool with_bias = draw.Coin();
  const auto bias = with_bias ? draw.Values(static_cast<size_t>(shape.out))
                              : std::vector<double>(static_cast<size_t>(shape.out));
  Expected expected = Forward(x, weight, bias, shape);
  const auto taps = ForwardTaps(shape.kernel_h, shape.kernel_w);
  const Guarded in(x);
  const PackedConv packed =
      Pack(weight, shape.out, shape.in, shape.kernel_h, shape.kernel_w, taps, false);
  std::vector<ConvInput> inputs = {{in.view(), shape.stride, taps, &packed}};

  // A second input with other channels and another stride, like the shortcut of a block.
  const ConvShape second = {shape.out, 4 * draw.Choice(1, 8), 1, 1, draw.Choice(1, 2)};
  const auto second_x = draw.Tensor(second.in, draw.SideBefore(height, second.stride),
                                    draw.SideBefore(width, second.stride));
  const auto second_weight = draw.Values(WeightCount(second));
  const Guarded second_in(second_x);
  const auto second_taps = ForwardTaps(1, 1);
  const PackedConv second_packed =
      Pack(second_weight, second.out, second.in, 1, 1, second_taps, false);
  if (draw.Coin()) {
    inputs.push_back({second_in.view(), second.stride, second_taps, &second_packed});
    const std::vector<double> none(static_cast<size_t>(shape.out));
    const Expected terms = Forward(second_x, second_weight, none, second);
    expected.Add(terms.values, terms.magnitudes);
  }

  const Extras extras(draw, shape.out, height, width);
  extras.Apply(expected);
  const std::vector<float> whole_bias = WholeBlocks(bias);
  const Guarded out(shape.out, height, width);
  Convolve(inputs, out.view(),
           {.bias = with_bias ? whole_bias.data() : nullptr,
            .add = extras.add_view(),
            .add_stride = extras.add_stride,
            .positive = extras.positive_view(),
            .relu = extras.relu});

  Outcome outcome;
  std::ostringstream words;
  words << shape << " giving " << width << "x" << height << ", " << inputs.size() << " inputs"
        << (with_bias ? ", bias" : "") << extras;
  outcome.shape = words.str();
  out.CompareTo("output", expected.values, expected.magnitudes, outcome);
  return outcome;
}

Outcome ConvolutionToInput(Draw& draw) {
  const int height = draw.Side(12), width = draw.Side(30);  // of the output
  // The kernel sums over the convolution's outputs here, whose number must be a multiple of 4.
  ConvShape shape = DrawShape(draw, draw.Choice(1, 48));
  shape.out = 4 * draw.Choice(1, 12);
  if (shape.stride == 2) shape.kernel_w = shape.kernel_h;
  const int in_height = draw.SideBefore(height, shape.stride);
  const int in_width = draw.SideBefore(width, shape.stride);
  const auto dy = draw.Tensor(shape.out, height, width);
  const auto weight = draw.Values(WeightCount(shape));
  Expected expected = ToInput(dy, weight, shape, in_height, in_width);
  const bool shortcut = draw.Coin();
  const ConvShape short_shape = {shape.out, shape.in, 1, 1, shape.stride};
  const auto short_weight = draw.Values(WeightCount(short_shape));
  if (shortcut) {
    const Expected terms = ToInput(dy, short_weight, short_shape, in_height, in_width);
    expected.Add(terms.values, terms.magnitudes);
  }
  const auto positive = draw.Tensor(shape.in, in_height, in_width);
  const Guarded guarded_positive(positive);
  expected.values = reference::ReluBackward(positive, expected.values);

  const Guarded g(dy);
  const Guarded dx(shape.in, in_height, in_width);
  const auto one = ForwardTaps(1, 1);
  const PackedConv short_packed = Pack(short_weight, shape.out, shape.in, 1, 1, one, true);
  for (int py = 0; py < shape.stride; ++py) {
    for (int px = 0; px < shape.stride; ++px) {
      ConvOutput out(dx.view());
      out.y0 = py;
      out.x0 = px;
      out.step = shape.stride;
      out.height = (in_height - py + shape.stride - 1) / shape.stride;
      out.width = (in_width - px + shape.stride - 1) / shape.stride;
      if (out.height == 0 || out.width == 0) continue;
      const auto taps = shape.stride == 1
                            ? BackwardTaps(shape.kernel_h, shape.kernel_w)
                            : BackwardTapsStride2(shape.kernel_h, shape.kernel_w, py, px);
      const PackedConv packed =
          Pack(weight, shape.out, shape.in, shape.kernel_h, shape.kernel_w, taps, true);
      std::vector<ConvInput> inputs = {{g.view(), 1, taps, &packed}};
      if (shortcut && py == 0 && px == 0) inputs.push_back({g.view(), 1, one, &short_packed});
      Convolve(inputs, out, {.positive = &guarded_positive.view()});
    }
  }

  Outcome outcome;
  std::ostringstream words;
  words << shape << " from " << in_width << "x" << in_height << (shortcut ? ", shortcut" : "");
  outcome.shape = words.str();
  dx.CompareTo("gradient", expected.values, expected.magnitudes, outcome);
  return outcome;
}

Outcome Winograd(Draw& draw) {
  const int height = draw.Side(14), width = draw.Side(40);
  const bool transposed = draw.Coin();
  // The kernel's inputs are whole blocks. If transposed, they are the convolution's outputs.
  const int inputs = 16 * draw.Choice(1, 3), outputs = draw.Choice(1, 48);
  const ConvShape shape = {transposed ? inputs : outputs, transposed ? outputs : inputs, 3, 3, 1};
  const auto x = draw.Tensor(inputs, height, width);
  const auto weight = draw.Values(WeightCount(shape));
  const std::vector<double> none(static_cast<size_t>(outputs));
  Expected expected =
      transposed ? ToInput(x, weight, shape, height, width) : Forward(x, weight, none, shape);

  // No bias, one, or one for each kind of row: inner, first, last, and both first and last.
  const int bias_kinds = std::array{0, 1, 4}[static_cast<size_t>(draw.Choice(0, 2))];
  std::vector<float> bias;
  DoubleTensor bias_terms(outputs, height, width);
  for (int kind = 0; kind < bias_kinds; ++kind) {
    const auto values = draw.Values(static_cast<size_t>(outputs));
    const auto whole = WholeBlocks(values);
    bias.insert(bias.end(), whole.begin(), whole.end());
    for (int y = 0; y < height; ++y) {
      const int row = bias_kinds == 1 ? 0 : (y == 0 ? 1 : 0) | (y == height - 1 ? 2 : 0);
      if (row != kind) continue;
      for (int c = 0; c < outputs; ++c) {
        std::fill_n(bias_terms.row(c, y), width, values[static_cast<size_t>(c)]);
      }
    }
  }
  expected.Add(bias_terms, Magnitudes(bias_terms));
  const bool accumulate = draw.Coin();
  const auto before = draw.Tensor(outputs, height, width);
  if (accumulate) expected.Add(before, Magnitudes(before));
  const Extras extras(draw, outputs, height, width);
  extras.Apply(expected);

  const auto taps = transposed ? BackwardTaps(3, 3) : ForwardTaps(3, 3);
  const PackedConv packed = Pack(weight, shape.out, shape.in, 3, 3, taps, transposed);
  WinogradConv fast = MakeWinogradConv(outputs, inputs);
  TransformWeights(packed.weights.data(), taps, fast);
  const Guarded in(x);
  const Guarded out = accumulate ? Guarded(before) : Guarded(outputs, height, width);
  Scratch scratch;
  ConvolveWinograd(in, fast, out,
                   {.bias = bias_kinds ? bias.data() : nullptr,
                    .bias_by_row = bias_kinds == 4,
                    .accumulate = accumulate,
                    .add = extras.add_view(),
                    .add_stride = extras.add_stride,
                    .positive = extras.positive_view(),
                    .relu = extras.relu},
                   scratch);

  Outcome outcome;
  std::ostringstream words;
  words << shape << (transposed ? " transposed" : "") << ", " << width << "x" << height << ", "
        << bias_kinds << " biases" << (accumulate ? ", accumulate" : "") << extras;
  outcome.shape = words.str();
  out.CompareTo("output", expected.values, expected.magnitudes, outcome);
  return outcome;
}

Outcome WeightGradient(Draw& draw) {
  // The kernel splits the rows into chunks, and a row into passes of 64 pixels.
  const int height = draw.Side(30), width = draw.Coin() ? draw.Side(20) : draw.Choice(60, 80);
  const ConvShape shape = DrawShape(draw, draw.Choice(1, width > 40 ? 20 : 40));
  const auto x = draw.Tensor(shape.in, draw.SideBefore(height, shape.stride),
                             draw.SideBefore(width, shape.stride));
  const auto dy = draw.Tensor(shape.out, height, width);
  const std::vector<double> weight(WeightCount(shape));
  const auto expected = reference::ConvBackward<double>(x, weight, dy, shape);
  const auto magnitudes =
      reference::ConvBackward<double>(Magnitudes(x), weight, Magnitudes(dy), shape);

  const Guarded in(x), g(dy);
  std::vector<float> oihw(weight.size(), NAN), bias(static_cast<size_t>(shape.out), NAN);
  Scratch scratch;
  ConvolutionWeightGradient(in, shape.stride, ForwardTaps(shape.kernel_h, shape.kernel_w), g,
                            shape.kernel_h, shape.kernel_w, oihw, bias, scratch);

  Outcome outcome;
  std::ostringstream words;
  words << shape << " giving " << width << "x" << height;
  outcome.shape = words.str();
  outcome.Compare("weights' gradient", oihw, expected.weight, magnitudes.weight);
  outcome.Compare("bias's gradient", bias, expected.bias, magnitudes.bias);
  return outcome;
}

}  // namespace shadowtutor::nn::differential
