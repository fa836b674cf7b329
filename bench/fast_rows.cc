// Rows for the kernels of fast arithmetic: at Winograd's points, and where there is a matrix unit,
// on it. Which one is faster decides which one a learner takes.
#include <memory>
#include <vector>

#include "executed_count.h"
#include "kernel_network.h"
#include "nn/kernels/matrix_gradient.h"
#include "nn/kernels/matrix_unit.h"
#include "nn/kernels/winograd_gradient.h"

namespace shadowtutor::bench {
namespace {

using namespace nn;  // NOLINT(google-build-using-namespace): every other word here is the engine's
using Network = KernelNetwork;

// What fast arithmetic needs besides the network's own memory.
struct Fast {
  explicit Fast(const Network& n)
      : weights(n.layout, kFullDistillation, Arithmetic::kFast),
        kernel(size_t{9} * 128 * 128),
        bias(128),
        moments(size_t{2} * 128) {
    weights.Update(n.weights, kFullDistillation);
    for (const BlockInfo& block : n.layout->blocks()) {
      transposed.push_back(MakeBackwardWeights(block, Arithmetic::kFast));
    }
    Scratch scratch;
    Repack(n.weights, weights, kFullDistillation, transposed, scratch);
  }
  std::span<float> Kernel(int out, int in, int taps) {
    return {kernel.data(), static_cast<size_t>(out * in * taps)};
  }
  std::span<float> Bias(int out) { return {bias.data(), static_cast<size_t>(out)}; }

  PackedWeights weights;
  std::vector<BlockBackwardWeights> transposed;
  std::vector<float> kernel, bias;
  std::vector<double> moments;
};

void AddWinogradRows(RowList& rows, const std::shared_ptr<Fast>& fast, int i) {
  const Network& n = rows.network();
  const BlockInfo shape = n.separate.block(i).shape;
  const double pixels = Pixels(n.a(i).out);
  const std::string prefix = "fast/" + BlockName(i) + "/";
  const auto add = [&](const std::string& name, int in, const auto& input, const auto& gradient) {
    rows.Add(prefix + name,
             WinogradMultiplyAdds(in, shape.out, n.a(i).out.height, n.a(i).out.width),
             9.0 * in * shape.out * pixels, 4.0 * (in + shape.out) * pixels,
             [=, out = shape.out](Network& s) {
               WinogradWeightGradient(input(s), gradient(s), fast->Kernel(out, in, 9),
                                      fast->Bias(out), s.forward.scratch);
             });
  };
  if (shape.stride == 1) {
    add(
        "weights3x3_winograd", shape.in, [i](Network& s) { return s.a(i).pre; },
        [i](Network& s) { return s.g(i).mid1; });
  }
  add(
      "weights_composed_winograd", shape.out, [i](Network& s) { return s.a(i).mid1; },
      [i](Network& s) { return s.g(i).out; });
}

void AddMatrixRows(RowList& rows, const std::shared_ptr<Fast>& fast, int i) {
  const Network& n = rows.network();
  const BlockInfo shape = n.separate.block(i).shape;
  const double pixels = Pixels(n.a(i).out), in = shape.in, out = shape.out;
  const double nine = 9 * in * out * pixels, composed = 9 * out * out * pixels;
  const std::string prefix = "matrix/" + BlockName(i) + "/";
  const double x = Bytes(n.a(i).x), mid = Bytes(n.a(i).mid1);
  rows.Add(prefix + "norm_and_conv3x3", nine, nine, x + mid, [fast, i](Network& s) {
    const BlockWeights& w = fast->weights.block(i);
    const MatrixPass pass = {.inputs = {MatrixInput{s.a(i).x, w.shape.stride, Taps33(),
                                                    &w.conv0_matrix, &s.a(i).statistics}},
                             .output = s.a(i).mid1};
    ConvolveMatrix(std::span(&pass, 1), {.bias = w.bias0.data(), .relu = true}, s.forward.scratch);
  });
  rows.Add(prefix + "long_composed", composed, composed, 2 * mid, [fast, i](Network& s) {
    const BlockWeights& w = fast->weights.block(i);
    const MatrixPass pass = {.inputs = {MatrixInput{s.a(i).mid1, 1, Taps33(), &w.long_matrix}},
                             .output = s.a(i).out};
    ConvolveMatrix(std::span(&pass, 1), {.bias = w.bias3.data(), .bias_by_row = true},
                   s.forward.scratch);
  });
  rows.Add(prefix + "weights3x3", nine, nine, x + mid, [fast, i, shape](Network& s) {
    MatrixWeightGradient(s.a(i).x, &s.a(i).statistics, shape.stride, Taps33(), s.g(i).mid1, 3, 3,
                         fast->Kernel(shape.out, shape.in, 9), fast->Bias(shape.out),
                         s.forward.scratch);
  });
  rows.Add(prefix + "weights_composed", composed, composed, 2 * mid, [fast, i, shape](Network& s) {
    MatrixWeightGradient(s.a(i).mid1, nullptr, 1, Taps33(), s.g(i).out, 3, 3,
                         fast->Kernel(shape.out, shape.out, 9), fast->Bias(shape.out),
                         s.forward.scratch);
  });
  rows.Add(prefix + "data_composed", composed, composed, 3 * mid, [fast, i](Network& s) {
    const MatrixPass pass = {
        .inputs = {MatrixInput{s.g(i).out, 1, MirroredTaps33(),
                               &fast->transposed[static_cast<size_t>(i)].long_matrix}},
        .output = s.g(i).mid1};
    ConvolveMatrix(std::span(&pass, 1), {.positive = &s.a(i).mid1}, s.forward.scratch);
  });
  if (shape.stride != 1) return;
  rows.Add(prefix + "data3x3_and_moments", nine, nine, 2 * x + mid, [fast, i](Network& s) {
    const NormGate gate = {s.a(i).x, &s.a(i).statistics, fast->moments.data()};
    const MatrixPass pass = {
        .inputs = {MatrixInput{s.g(i).mid1, 1, MirroredTaps33(),
                               &fast->transposed[static_cast<size_t>(i)].conv0_matrix[0]}},
        .output = s.g(i).pre};
    ConvolveMatrix(std::span(&pass, 1), {.gate = &gate}, s.forward.scratch);
  });
}

}  // namespace

void AddFastRows(RowList& rows) {
  const auto fast = std::make_shared<Fast>(rows.network());
  for (int i = 0; i < kBlocks; ++i) AddWinogradRows(rows, fast, i);
  if (!HasMatrixUnit()) return;
  for (int i = 0; i < kBlocks; ++i) AddMatrixRows(rows, fast, i);
}

}  // namespace shadowtutor::bench
