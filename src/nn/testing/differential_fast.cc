// Cases of fast arithmetic: weight gradients at Winograd's points, composed convolutions, and the
// matrix unit, whose cases are empty where there is none.
#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>

#include "core/bit_cast.h"
#include "nn/kernels/composition.h"
#include "nn/kernels/matrix_conv.h"
#include "nn/kernels/matrix_gradient.h"
#include "nn/kernels/matrix_unit.h"
#include "nn/kernels/product.h"
#include "nn/kernels/winograd_gradient.h"
#include "nn/testing/differential.h"

namespace shadowtutor::nn::differential {
namespace {

using reference::ConvShape;

// To bfloat16, the nearer one, of two equally near ones the even one. Subnormal numbers become 0,
// as in the matrix unit.
double Rounded(double value) {
  const auto single = static_cast<float>(value);
  if (std::fpclassify(single) == FP_SUBNORMAL) return 0;
  auto bits = BitCast<uint32_t>(single);
  bits += 0x7fff + (bits >> 16 & 1);
  return static_cast<double>(BitCast<float>(bits & 0xffff0000u));
}
std::vector<double> Rounded(std::vector<double> values) {
  for (double& value : values) value = Rounded(value);
  return values;
}
DoubleTensor Rounded(DoubleTensor tensor) {
  tensor.values = Rounded(std::move(tensor.values));
  return tensor;
}

// Any multiplier and offset for each channel, and a mean.
NormStatistics DrawNorm(Draw& draw, int channels) {
  NormStatistics norm(channels);
  const auto count = static_cast<size_t>(channels);
  const auto multipliers = draw.Values(count), offsets = draw.Values(count);
  const auto means = draw.Values(count);
  for (size_t c = 0; c < count; ++c) {
    norm.multiplier[c] = static_cast<float>(multipliers[c]);
    norm.offset[c] = static_cast<float>(offsets[c]);
    norm.mean[c] = static_cast<float>(means[c]);
  }
  return norm;
}

// relu(norm(x)) as the kernels compute it.
DoubleTensor Normed(const DoubleTensor& x, const NormStatistics& norm) {
  DoubleTensor normed = x;
  for (int c = 0; c < x.channels; ++c) {
    const auto uc = static_cast<size_t>(c);
    for (int y = 0; y < x.height; ++y) {
      for (int column = 0; column < x.width; ++column) {
        double& value = normed.row(c, y)[column];
        value = static_cast<double>(std::max(
            0.0f, std::fma(static_cast<float>(value), norm.multiplier[uc], norm.offset[uc])));
      }
    }
  }
  return normed;
}

MatrixConv PackMatrix(const std::vector<double>& weight, const ConvShape& s,
                      std::span<const Tap> taps, bool transposed) {
  const int outputs = transposed ? s.in : s.out, inputs = transposed ? s.out : s.in;
  const int count = static_cast<int>(taps.size());
  MatrixConv conv = MakeMatrixConv(outputs, inputs, count);
  const PackedConv working = MakePackedConv(outputs, inputs, count);
  RepackMatrix(Floats(weight), s.out, s.in, s.kernel_h, s.kernel_w, taps, transposed,
               working.weights.data(), conv);
  return conv;
}

Outcome NoMatrixUnit() {
  Outcome outcome;
  outcome.shape = "no matrix unit";
  return outcome;
}

void CompareGradients(const reference::ConvGradients<double>& expected,
                      const reference::ConvGradients<double>& magnitudes,
                      std::span<const float> oihw, std::span<const float> bias, Outcome& outcome) {
  outcome.Compare("weights' gradient", oihw, expected.weight, magnitudes.weight);
  outcome.Compare("bias's gradient", bias, expected.bias, magnitudes.bias);
}

}  // namespace

Outcome WinogradGradient(Draw& draw) {
  const int height = draw.Side(30), width = draw.Coin() ? draw.Side(20) : draw.Choice(60, 200);
  const ConvShape shape = {draw.Choice(1, 40), 16 * draw.Choice(1, 3), 3, 3, 1};
  const auto x = draw.Tensor(shape.in, height, width), dy = draw.Tensor(shape.out, height, width);
  const std::vector<double> weight(WeightCount(shape));
  const auto expected = reference::ConvBackward<double>(x, weight, dy, shape);
  const auto magnitudes =
      reference::ConvBackward<double>(Magnitudes(x), weight, Magnitudes(dy), shape);
  const Guarded in(x), g(dy);
  std::vector<float> oihw(weight.size(), NAN), bias(static_cast<size_t>(shape.out), NAN);
  Scratch scratch;
  WinogradWeightGradient(in, g, oihw, bias, scratch);
  Outcome outcome;
  std::ostringstream words;
  words << shape << " giving " << width << "x" << height;
  outcome.shape = words.str();
  CompareGradients(expected, magnitudes, oihw, bias, outcome);
  return outcome;
}

Outcome Composition(Draw& draw) {
  const int channels = draw.Choice(1, 40);
  const auto n = static_cast<size_t>(channels);
  const auto weight2 = draw.Values(n * n * 3), weight3 = draw.Values(n * n * 3);
  const auto gradient = draw.Values(n * n * 9);
  std::vector<double> kernel(n * n * 9), kernel_size(n * n * 9);
  std::vector<double> to2(n * n * 3), to2_size(n * n * 3), to3(n * n * 3), to3_size(n * n * 3);
  const auto add = [](double a, double b, double& sum, double& size) {
    sum += a * b;
    size += std::abs(a * b);
  };
  for (size_t o = 0; o < n; ++o) {
    for (size_t m = 0; m < n; ++m) {
      for (size_t i = 0; i < n; ++i) {
        for (size_t r = 0; r < 3; ++r) {
          for (size_t c = 0; c < 3; ++c) {
            const size_t at = (o * n + i) * 9 + r * 3 + c;
            const size_t at2 = (m * n + i) * 3 + c, at3 = (o * n + m) * 3 + r;
            add(weight3[at3], weight2[at2], kernel[at], kernel_size[at]);
            add(gradient[at], weight3[at3], to2[at2], to2_size[at2]);
            add(gradient[at], weight2[at2], to3[at3], to3_size[at3]);
          }
        }
      }
    }
  }
  const auto floats2 = Floats(weight2), floats3 = Floats(weight3), given = Floats(gradient);
  std::vector<float> working(std::max(ComposeFloats(channels), SplitFloats(channels)), NAN);
  std::vector<float> oihw(n * n * 9, NAN), got2(n * n * 3, NAN), got3(n * n * 3, NAN);
  ComposeKernel(floats2, floats3, channels, oihw.data(), working.data());
  bool same_bits = true;
  for (size_t at = 0; at < oihw.size(); ++at) {
    const size_t o = at / (n * 9), i = at / 9 % n, r = at % 9 / 3, c = at % 3;
    float sum = 0;
    for (size_t m = 0; m < n; ++m) {
      // Volatile, so that it is rounded before it is added.
      const volatile float product = floats3[(o * n + m) * 3 + r] * floats2[(m * n + i) * 3 + c];
      sum += product;
    }
    same_bits = same_bits && oihw[at] == sum;
  }
  std::fill(working.begin(), working.end(), 0.0f);
  SplitKernelGradient(floats2, floats3, channels, given.data(), got2, got3, working.data());
  Outcome outcome;
  outcome.shape = std::to_string(channels) + " channels";
  outcome.Require(same_bits, "the same bits as a plain loop");
  outcome.Compare("kernel", oihw, kernel, kernel_size);
  outcome.Compare("1x3 weights' gradient", got2, to2, to2_size);
  outcome.Compare("3x1 weights' gradient", got3, to3, to3_size);
  return outcome;
}

Outcome MatrixConvolution(Draw& draw) {
  if (!HasMatrixUnit()) return NoMatrixUnit();
  const int height = draw.Side(12), width = draw.Side(70);
  const bool square = draw.Coin();
  const ConvShape shape = {draw.Choice(1, 70), draw.Choice(1, 70), square ? 3 : 1, square ? 3 : 1,
                           draw.Choice(1, 2)};
  const auto x = draw.Tensor(shape.in, draw.SideBefore(height, shape.stride),
                             draw.SideBefore(width, shape.stride));
  const auto weight = draw.Values(WeightCount(shape));
  const bool normed = draw.Coin();
  const NormStatistics norm = DrawNorm(draw, shape.in);
  const auto read = Rounded(normed ? Normed(x, norm) : x);
  const auto rounded_weight = Rounded(weight);
  const std::vector<double> none(static_cast<size_t>(shape.out));
  const auto sum = [&](const DoubleTensor& in, const std::vector<double>& w, const ConvShape& s) {
    return reference::Conv<double>(in, w, none, s);
  };
  DoubleTensor values = sum(read, rounded_weight, shape);
  DoubleTensor magnitudes = sum(Magnitudes(read), Magnitudes(rounded_weight), shape);

  const ConvShape second = {shape.out, draw.Choice(1, 40), 1, 1, draw.Choice(1, 2)};
  const auto second_x = draw.Tensor(second.in, draw.SideBefore(height, second.stride),
                                    draw.SideBefore(width, second.stride));
  const auto second_weight = draw.Values(WeightCount(second));
  const bool two = draw.Coin();
  if (two) {
    const auto in = Rounded(second_x);
    const auto w = Rounded(second_weight);
    reference::AddTo(values, sum(in, w, second));
    reference::AddTo(magnitudes, sum(Magnitudes(in), Magnitudes(w), second));
  }
  // One bias for each kind of row: inner, first, last, and both first and last.
  const bool by_row = draw.Coin(), relu = draw.Coin(), with_add = draw.Coin();
  const size_t set = static_cast<size_t>(Blocks(shape.out) * kBlock);
  std::vector<float> bias(4 * set);
  const auto biases = draw.Values(4 * static_cast<size_t>(shape.out));
  const auto add = draw.Tensor(shape.out, height, width);
  for (int c = 0; c < shape.out; ++c) {
    for (int kind = 0; kind < 4; ++kind) {
      bias[static_cast<size_t>(kind) * set + static_cast<size_t>(c)] =
          static_cast<float>(biases[static_cast<size_t>(kind * shape.out + c)]);
    }
    for (int y = 0; y < height; ++y) {
      const int kind = by_row ? (y == 0 ? 1 : 0) | (y == height - 1 ? 2 : 0) : 0;
      const double term = biases[static_cast<size_t>(kind * shape.out + c)];
      for (int column = 0; column < width; ++column) {
        const double more = with_add ? add.row(c, y)[column] : 0;
        values.row(c, y)[column] += term + more;
        magnitudes.row(c, y)[column] += std::abs(term) + std::abs(more);
      }
    }
  }
  if (relu) values = reference::Relu(values);
  const auto positive = draw.Tensor(shape.out, height, width);
  const bool gated = draw.Coin();
  if (gated) values = reference::ReluBackward(positive, values);

  const auto taps = ForwardTaps(shape.kernel_h, shape.kernel_w), one = ForwardTaps(1, 1);
  const MatrixConv packed = PackMatrix(weight, shape, taps, false);
  const MatrixConv second_packed = PackMatrix(second_weight, second, one, false);
  const Guarded in(x), second_in(second_x), guarded_add(add), guarded_positive(positive);
  const Guarded out(shape.out, height, width);
  Scratch scratch;
  const MatrixPass pass = {
      {MatrixInput{in.view(), shape.stride, taps, &packed, normed ? &norm : nullptr},
       MatrixInput{second_in.view(), second.stride, one, &second_packed}},
      two ? 2 : 1,
      out.view()};
  ConvolveMatrix(std::span(&pass, 1),
                 {.bias = bias.data(),
                  .bias_by_row = by_row,
                  .add = with_add ? &guarded_add.view() : nullptr,
                  .positive = gated ? &guarded_positive.view() : nullptr,
                  .relu = relu},
                 scratch);
  Outcome outcome;
  std::ostringstream words;
  words << shape << " giving " << width << "x" << height << (normed ? ", normed" : "")
        << (two ? ", two inputs" : "") << (relu ? ", relu" : "") << (gated ? ", positive" : "");
  outcome.shape = words.str();
  out.CompareTo("output", values, magnitudes, outcome);
  return outcome;
}

Outcome MatrixToInput(Draw& draw) {
  if (!HasMatrixUnit()) return NoMatrixUnit();
  const int height = draw.Side(12), width = draw.Side(40);  // of the output
  const ConvShape shape = {draw.Choice(1, 70), draw.Choice(1, 70), 3, 3, draw.Choice(1, 2)};
  const ConvShape short_shape = {shape.out, shape.in, 1, 1, shape.stride};
  const auto x = draw.Tensor(shape.in, draw.SideBefore(height, shape.stride),
                             draw.SideBefore(width, shape.stride));
  const auto dy = draw.Tensor(shape.out, height, width);
  const auto weight = draw.Values(WeightCount(shape));
  const auto short_weight = draw.Values(WeightCount(short_shape));
  const bool shortcut = draw.Coin();
  const NormStatistics norm = DrawNorm(draw, shape.in);
  const auto to_input = [&](const DoubleTensor& g, const std::vector<double>& w,
                            const ConvShape& s) {
    return reference::ConvBackward<double>(x, w, g, s).x;
  };
  const auto g = Rounded(dy);
  DoubleTensor values = to_input(g, Rounded(weight), shape);
  DoubleTensor magnitudes = to_input(Magnitudes(g), Magnitudes(Rounded(weight)), shape);
  if (shortcut) {
    const auto w = Rounded(short_weight);
    reference::AddTo(values, to_input(g, w, short_shape));
    reference::AddTo(magnitudes, to_input(Magnitudes(g), Magnitudes(w), short_shape));
  }
  values = reference::ReluBackward(Normed(x, norm), values);
  const size_t blocks = static_cast<size_t>(Blocks(shape.in));
  std::vector<double> moments(blocks * 2 * kBlock), sizes(blocks * 2 * kBlock);
  for (int c = 0; c < shape.in; ++c) {
    const auto uc = static_cast<size_t>(c);
    const size_t at = uc / kBlock * 2 * kBlock + uc % kBlock;
    for (int y = 0; y < x.height; ++y) {
      for (int column = 0; column < x.width; ++column) {
        const double centred = x.row(c, y)[column] - static_cast<double>(norm.mean[uc]);
        const double size = magnitudes.row(c, y)[column];
        moments[at] += values.row(c, y)[column];
        moments[at + kBlock] += values.row(c, y)[column] * centred;
        sizes[at] += size;
        sizes[at + kBlock] += size * std::abs(centred);
      }
    }
  }

  const Guarded in(x), gradient(dy), dx(shape.in, x.height, x.width);
  std::vector<double> got(moments.size(), NAN);
  const NormGate gate = {in.view(), &norm, got.data()};
  const auto one = ForwardTaps(1, 1);
  const MatrixConv short_packed = PackMatrix(short_weight, short_shape, one, true);
  std::array<std::vector<Tap>, 4> taps;
  std::array<MatrixConv, 4> packed;
  std::vector<MatrixPass> passes;
  for (int parity = 0; parity < shape.stride * shape.stride; ++parity) {
    const auto number = static_cast<size_t>(parity);
    const int py = parity / 2, px = parity % 2;
    taps[number] = shape.stride == 1 ? BackwardTaps(3, 3) : BackwardTapsStride2(3, 3, py, px);
    packed[number] = PackMatrix(weight, shape, taps[number], true);
    ConvOutput out(dx.view());
    out.y0 = py;
    out.x0 = px;
    out.step = shape.stride;
    out.height = (x.height - py + shape.stride - 1) / shape.stride;
    out.width = (x.width - px + shape.stride - 1) / shape.stride;
    if (out.height == 0 || out.width == 0) continue;
    passes.push_back({{MatrixInput{gradient.view(), 1, taps[number], &packed[number]},
                       MatrixInput{gradient.view(), 1, one, &short_packed}},
                      parity == 0 && shortcut ? 2 : 1,
                      out});
  }
  Scratch scratch;
  ConvolveMatrix(passes, {.gate = &gate}, scratch);
  Outcome outcome;
  std::ostringstream words;
  words << shape << " from " << x.width << "x" << x.height << (shortcut ? ", shortcut" : "");
  outcome.shape = words.str();
  dx.CompareTo("gradient", values, magnitudes, outcome);
  outcome.Compare("moments", Floats(got), moments, sizes);
  return outcome;
}

Outcome MatrixGradient(Draw& draw) {
  if (!HasMatrixUnit()) return NoMatrixUnit();
  const int height = draw.Side(30), width = draw.Coin() ? draw.Side(20) : draw.Choice(30, 70);
  const bool square = draw.Coin();
  const ConvShape shape = {draw.Choice(1, 40), draw.Choice(1, 40), square ? 3 : 1, square ? 3 : 1,
                           draw.Choice(1, 2)};
  const auto x = draw.Tensor(shape.in, draw.SideBefore(height, shape.stride),
                             draw.SideBefore(width, shape.stride));
  const auto dy = draw.Tensor(shape.out, height, width);
  const bool normed = draw.Coin();
  const NormStatistics norm = DrawNorm(draw, shape.in);
  const auto read = Rounded(normed ? Normed(x, norm) : x), gradient = Rounded(dy);
  const std::vector<double> weight(WeightCount(shape));
  auto expected = reference::ConvBackward<double>(read, weight, gradient, shape);
  auto magnitudes =
      reference::ConvBackward<double>(Magnitudes(read), weight, Magnitudes(gradient), shape);
  // The bias's gradient is not rounded.
  expected.bias = reference::ConvBackward<double>(read, weight, dy, shape).bias;
  magnitudes.bias = reference::ConvBackward<double>(read, weight, Magnitudes(dy), shape).bias;
  const Guarded in(x), g(dy);
  std::vector<float> oihw(weight.size(), NAN), bias(static_cast<size_t>(shape.out), NAN);
  Scratch scratch;
  const auto taps = ForwardTaps(shape.kernel_h, shape.kernel_w);
  MatrixWeightGradient(in, normed ? &norm : nullptr, shape.stride, taps, g, shape.kernel_h,
                       shape.kernel_w, oihw, bias, scratch);
  Outcome outcome;
  std::ostringstream words;
  words << shape << " giving " << width << "x" << height << (normed ? ", normed" : "");
  outcome.shape = words.str();
  CompareGradients(expected, magnitudes, oihw, bias, outcome);
  return outcome;
}

Outcome MatrixProduct(Draw& draw) {
  if (!HasMatrixUnit()) return NoMatrixUnit();
  // The sums' columns are whole vectors.
  const int m = draw.Choice(1, 70), n = 16 * draw.Choice(1, 4), k = draw.Choice(1, 100);
  const auto um = static_cast<size_t>(m), un = static_cast<size_t>(n), uk = static_cast<size_t>(k);
  const auto a = Rounded(draw.Values(um * uk)), b = Rounded(draw.Values(uk * un));
  const bool accumulate = draw.Coin();
  const auto before = draw.Values(um * un);
  std::vector<double> sums(um * un), sizes(um * un);
  for (size_t row = 0; row < um; ++row) {
    for (size_t column = 0; column < un; ++column) {
      const size_t at = row * un + column;
      if (accumulate) {
        sums[at] = before[at];
        sizes[at] = std::abs(before[at]);
      }
      for (size_t i = 0; i < uk; ++i) {
        const double term = a[row * uk + i] * b[i * un + column];
        sums[at] += term;
        sizes[at] += std::abs(term);
      }
    }
  }
  const auto floats_a = Floats(a), floats_b = Floats(b);
  auto c = accumulate ? Floats(before) : std::vector<float>(um * un, NAN);
  const Buffer working(MatrixProductFloats(m, n, k));
  MultiplyOnMatrixUnit(
      {floats_a.data(), uk, floats_b.data(), un, c.data(), un, m, n, k, accumulate},
      working.data());
  Outcome outcome;
  outcome.shape = std::to_string(m) + "x" + std::to_string(n) + " sums of " + std::to_string(k) +
                  (accumulate ? ", accumulate" : "");
  outcome.Compare("product", c, sums, sizes);
  return outcome;
}

}  // namespace shadowtutor::nn::differential
