#include "nn/backward_block.h"

#include <algorithm>
#include <array>
#include <span>

#include "core/parallel.h"
#include "nn/kernels/composition.h"
#include "nn/kernels/conv_gradient.h"
#include "nn/kernels/matrix_gradient.h"
#include "nn/kernels/winograd_gradient.h"

namespace shadowtutor::nn {
namespace {

// Adds the gradient `from` to the pixels of `to` that the shortcut, which takes every stride-th
// pixel and row, had read. Only the channels of `to` take part.
void AddAtStride(const View& from, int stride, const View& to) {
  ParallelFor(from.height, [&](int y) {
    for (int b = 0; b < to.blocks(); ++b) {
      const float* g = from.at(b, y, 0);
      float* out = to.at(b, y * stride, 0);
      for (int x = 0; x < from.width; ++x, g += kBlock, out += stride * kBlock) {
        for (int c = 0; c < kBlock; ++c) out[c] += g[c];
      }
    }
  });
}

// Calls convolve(output, parity) for the pixels of `whole` of each parity of row and column that
// there are.
template <typename Convolution>
void ForEachParity(const View& whole, const Convolution& convolve) {
  for (int parity = 0; parity < 4; ++parity) {
    const int py = parity / 2, px = parity % 2;
    ConvOutput out(whole);
    out.y0 = py;
    out.x0 = px;
    out.step = 2;
    out.height = (whole.height - py + 1) / 2;
    out.width = (whole.width - px + 1) / 2;
    if (out.height > 0 && out.width > 0) convolve(out, parity);
  }
}

// In reference arithmetic: the gradients of all convolutions, and g.mid2, g.mid1 and g.pre.
void BackwardConvolutions(const BlockPass& pass, const BackwardWorkspace::Block& g,
                          const BlockParameters<float>& to, Scratch& scratch) {
  const BlockActivations& a = pass.activations;
  const BlockBackwardWeights& transposed = pass.transposed;
  const int stride = pass.weights.shape.stride;
  const bool identity = pass.weights.shape.identity();
  ConvolutionWeightGradient(a.mid2, 1, Taps31(), g.out, 3, 1, to.weight3, to.bias3, scratch);
  if (!identity) {
    ConvolutionWeightGradient(a.pre, stride, Taps11(), g.out, 1, 1, to.short_weight, to.short_bias,
                              scratch);
  }
  const ConvInput third[] = {{g.out, 1, MirroredTaps31(), &transposed.conv3}};
  Convolve(third, g.mid2);
  ConvolutionWeightGradient(a.mid1, 1, Taps13(), g.mid2, 1, 3, to.weight2, to.bias2, scratch);
  const ConvInput second[] = {{g.mid2, 1, MirroredTaps13(), &transposed.conv2}};
  Convolve(second, g.mid1, {.positive = &a.mid1});
  ConvolutionWeightGradient(a.pre, stride, Taps33(), g.mid1, 3, 3, to.weight0, to.bias0, scratch);
}

// The gradient with respect to `pre`, from g.out and g.mid1, without the matrix unit.
void BackwardToPre(const BlockPass& pass, const BackwardWorkspace::Block& g, Scratch& scratch) {
  const BlockActivations& a = pass.activations;
  const BlockBackwardWeights& transposed = pass.transposed;
  const bool identity = pass.weights.shape.identity();
  const ConvInput shortcut = {g.out, 1, Taps11(), &transposed.short_path};
  if (pass.weights.shape.stride == 1) {
    if (!identity) Convolve(std::span(&shortcut, 1), g.pre);
    ConvolveWinograd(g.mid1, transposed.conv0_fast, g.pre,
                     {.accumulate = !identity, .positive = &a.pre}, scratch);
    return;
  }
  ForEachParity(g.pre, [&](const ConvOutput& out, int parity) {
    const ConvInput first[] = {{g.mid1, 1, ParityTaps33(parity / 2, parity % 2),
                                &transposed.conv0[static_cast<size_t>(parity)]},
                               shortcut};
    Convolve(std::span(first, parity == 0 && !identity ? 2 : 1), out, {.positive = &a.pre});
  });
}

// The sums over row y of the output's gradient.
void SumRow(const View& g, int y, std::span<float> sums) {
  std::fill(sums.begin(), sums.end(), 0.0f);
  for (int b = 0; b < g.blocks(); ++b) {
    const float* from = g.at(b, y, 0);
    const int channels = std::min(kBlock, g.channels - b * kBlock);
    for (int x = 0; x < g.width; ++x, from += kBlock) {
      for (int c = 0; c < channels; ++c) sums[static_cast<size_t>(b * kBlock + c)] += from[c];
    }
  }
}

// In fast arithmetic: the gradients of 1x3 and 3x1 by way of `kernel`, that of the one 3x3
// convolution that they make, to.bias3, the sums of `g` over all pixels, and g, the gradient of the
// block's output. `working` has 3 * channels + SplitFloats(channels) floats.
void SplitLongPath(const BlockParameters<const float>& weights, const float* kernel, const View& g,
                   const BlockParameters<float>& to, float* working) {
  const int channels = g.channels;
  const size_t n = static_cast<size_t>(channels);
  float* sums = working;
  SplitKernelGradient(weights.weight2, weights.weight3, channels, kernel, to.weight2, to.weight3,
                      working + 3 * n);
  // The 3x1 convolution sees the 1x3 one's bias where it reads inside the frame: its first tap in
  // all rows but the first, its last one in all but the last. [tap][channel]: g's sums over those.
  SumRow(g, 0, {sums, n});
  SumRow(g, g.height - 1, {sums + 2 * n, n});
  for (size_t o = 0; o < n; ++o) {
    sums[n + o] = to.bias3[o];
    sums[o] = to.bias3[o] - sums[o];
    sums[2 * n + o] = to.bias3[o] - sums[2 * n + o];
  }
  std::fill(to.bias2.begin(), to.bias2.end(), 0.0f);
  for (size_t o = 0; o < n; ++o) {
    for (size_t m = 0; m < n; ++m) {
      for (size_t r = 0; r < 3; ++r) {
        to.bias2[m] += weights.weight3[(o * n + m) * 3 + r] * sums[r * n + o];
        to.weight3[(o * n + m) * 3 + r] += weights.bias2[m] * sums[r * n + o];
      }
    }
  }
}

// In fast arithmetic: the gradients of all convolutions, and g.mid1.
void BackwardConvolutionsFast(const BlockPass& pass, const BackwardWorkspace::Block& g,
                              const BlockParameters<float>& to, Scratch& scratch) {
  const BlockActivations& a = pass.activations;
  const BlockBackwardWeights& transposed = pass.transposed;
  const int stride = pass.weights.shape.stride;
  const bool identity = pass.weights.shape.identity();
  const bool matrix = transposed.long_matrix.outputs > 0;
  const int channels = g.out.channels;
  const size_t n = static_cast<size_t>(channels), kernel_floats = n * n * 9;
  float* kernel = scratch.PassFloats(kernel_floats + 3 * n + SplitFloats(channels));
  if (matrix) {
    MatrixWeightGradient(a.mid1, nullptr, 1, Taps33(), g.out, 3, 3, {kernel, kernel_floats},
                         to.bias3, scratch);
    const MatrixPass last = {
        .inputs = {MatrixInput{g.out, 1, MirroredTaps33(), &transposed.long_matrix}},
        .output = g.mid1};
    ConvolveMatrix(std::span(&last, 1), {.positive = &a.mid1}, scratch);
  } else {
    WinogradWeightGradient(a.mid1, g.out, {kernel, kernel_floats}, to.bias3, scratch);
    ConvolveWinograd(g.out, transposed.long_fast, g.mid1, {.positive = &a.mid1}, scratch);
  }
  SplitLongPath(pass.parameters, kernel, g.out, to, kernel + kernel_floats);
  if (matrix) {
    const auto gradient = [&](std::span<const Tap> taps, int side, const View& from,
                              std::span<float> weight, std::span<float> bias) {
      MatrixWeightGradient(a.x, &a.statistics, stride, taps, from, side, side, weight, bias,
                           scratch);
    };
    if (!identity) gradient(Taps11(), 1, g.out, to.short_weight, to.short_bias);
    gradient(Taps33(), 3, g.mid1, to.weight0, to.bias0);
    return;
  }
  if (!identity) {
    ConvolutionWeightGradient(a.pre, stride, Taps11(), g.out, 1, 1, to.short_weight, to.short_bias,
                              scratch);
  }
  if (stride == 1) {
    WinogradWeightGradient(a.pre, g.mid1, to.weight0, to.bias0, scratch);
  } else {
    ConvolutionWeightGradient(a.pre, stride, Taps33(), g.mid1, 3, 3, to.weight0, to.bias0, scratch);
  }
}

// The gradient with respect to `pre`, from g.out and g.mid1, on the matrix unit, and its moments
// (NormGate).
void BackwardToPreOnMatrixUnit(const BlockPass& pass, const BackwardWorkspace::Block& g,
                               double* moments, Scratch& scratch) {
  const BlockBackwardWeights& transposed = pass.transposed;
  const bool identity = pass.weights.shape.identity();
  const NormGate gate = {pass.activations.x, &pass.activations.statistics, moments};
  const MatrixInput shortcut = {g.out, 1, Taps11(), &transposed.short_matrix};
  const auto input = [&](std::span<const Tap> taps, size_t number) {
    return MatrixInput{g.mid1, 1, taps, &transposed.conv0_matrix[number]};
  };
  std::array<MatrixPass, 4> passes;
  size_t count = 0;
  if (pass.weights.shape.stride == 1) {
    passes[count++] = {{input(MirroredTaps33(), 0), shortcut}, identity ? 1 : 2, g.pre};
  } else {
    ForEachParity(g.pre, [&](const ConvOutput& out, int parity) {
      passes[count++] = {
          {input(ParityTaps33(parity / 2, parity % 2), static_cast<size_t>(parity)), shortcut},
          parity == 0 && !identity ? 2 : 1,
          out};
    });
  }
  ConvolveMatrix(std::span(passes).first(count), {.gate = &gate}, scratch);
}

}  // namespace

void BackwardBlock(const BlockPass& pass, const BackwardWorkspace::Block& g, bool accumulate,
                   const BlockParameters<float>& gradient, Scratch& scratch) {
  const bool matrix = pass.transposed.long_matrix.outputs > 0;
  if (matrix || pass.transposed.long_fast.outputs > 0) {
    BackwardConvolutionsFast(pass, g, gradient, scratch);
  } else {
    BackwardConvolutions(pass, g, gradient, scratch);
  }
  double* moments = nullptr;
  if (matrix) {
    moments = scratch.PassDoubles(static_cast<size_t>(g.pre.blocks()) * 2 * kBlock);
    BackwardToPreOnMatrixUnit(pass, g, moments, scratch);
  } else {
    BackwardToPre(pass, g, scratch);
  }
  const BlockActivations& a = pass.activations;
  NormReluBackward(a.x, g.pre, pass.weights.scale, a.statistics, gradient.scale, gradient.shift,
                   g.x.data ? &g.x : nullptr, accumulate, scratch, moments);
  if (g.x.data && pass.weights.shape.identity()) {
    AddAtStride(g.out, pass.weights.shape.stride, g.x);
  }
}

}  // namespace shadowtutor::nn
