// Other algorithms with the same results as the engine's, so that one run compares their speed.
#include <memory>
#include <vector>

#include "executed_count.h"
#include "kernel_network.h"

namespace shadowtutor::bench {
namespace {

using namespace nn;  // NOLINT(google-build-using-namespace): every other word here is the engine's
using Network = KernelNetwork;

// A 3x3 convolution as the plain sum over its taps.
std::shared_ptr<PackedConv> Direct(std::span<const float> oihw, int out, int in, bool transposed) {
  auto packed =
      std::make_shared<PackedConv>(MakePackedConv(transposed ? in : out, transposed ? out : in, 9));
  Repack(oihw, out, in, 3, 3, transposed ? MirroredTaps33() : Taps33(), transposed, *packed);
  return packed;
}

void AddBlockRows(RowList& rows, int i) {
  const Network& n = rows.network();
  const BlockActivations& a = n.a(i);
  const BlockInfo shape = n.composed.block(i).shape;
  const std::string prefix = "alternative/" + BlockName(i) + "/";
  const double in = shape.in, out = shape.out, pixels = Pixels(a.out);
  if (shape.stride == 1) {
    const auto weight = n.Parameter(BlockName(i) + ".long_path.0.weight");
    const double nine = 9 * in * out * pixels;
    rows.Add(prefix + "conv3x3_direct", nine, nine, Bytes(a.pre) + Bytes(a.mid1),
             [i, packed = Direct(weight, shape.out, shape.in, false)](Network& s) {
               const ConvInput input[] = {{s.a(i).pre, 1, Taps33(), packed.get()}};
               Convolve(input, s.a(i).mid1,
                        {.bias = s.composed.block(i).bias0.data(), .relu = true});
             });
    rows.Add(prefix + "data3x3_direct", nine, nine, Bytes(a.out) + 2 * Bytes(a.pre),
             [i, packed = Direct(weight, shape.out, shape.in, true)](Network& s) {
               const ConvInput input[] = {{s.g(i).mid1, 1, MirroredTaps33(), packed.get()}};
               Convolve(input, s.g(i).pre, {.positive = &s.a(i).pre});
             });
  }
  // The end of a block's long path: as two convolutions, and as one composed convolution by the
  // plain sum.
  const double six = 6 * out * out * pixels;
  rows.Add(prefix + "long_1x3_3x1_direct", six, six, 4 * Bytes(a.out), [i](Network& s) {
    const BlockWeights& u = s.separate.block(i);
    const ConvInput first[] = {{s.a(i).mid1, 1, Taps13(), &u.conv2}};
    Convolve(first, s.a(i).mid2, {.bias = u.bias2.data()});
    const ConvInput last[] = {{s.a(i).mid2, 1, Taps31(), &u.conv3}};
    Convolve(last, s.a(i).out, {.bias = u.bias3.data(), .add = &s.a(i).mid1});
  });
  const std::vector<float> some = nn::RandomData(2).Values<float>(
      static_cast<size_t>(shape.out) * static_cast<size_t>(shape.out) * 9);
  rows.Add(prefix + "long_composed_direct", 9 * out * out * pixels, six, 3 * Bytes(a.out),
           [i, packed = Direct(some, shape.out, shape.out, false)](Network& s) {
             const ConvInput input[] = {{s.a(i).mid1, 1, Taps33(), packed.get()}};
             Convolve(input, s.a(i).out,
                      {.bias = s.composed.block(i).bias3.data(), .add = &s.a(i).mid2});
           });
}

// The tail layer by layer: out_conv1 and out_conv2 at in_conv1's size, by both methods, out_conv3
// there as well, or after upsampling all channels, as published.
void AddTailRows(RowList& rows) {
  struct Layers {
    Tensor up, first, second, classes, full, full_classes;
    std::shared_ptr<PackedConv> conv1, conv2;
    PackedConv conv3;
    WinogradConv fast1, fast2;
    ResizePlan to_half, to_full;
  };
  const Network& n = rows.network();
  const NetworkSpec& spec = n.spec;
  const Levels& l = n.forward.levels;
  auto t = std::make_shared<Layers>();
  t->up = Tensor(spec.dec3, l.height[1], l.width[1]);
  t->first = Tensor(spec.out, l.height[1], l.width[1]);
  t->second = Tensor(spec.out, l.height[1], l.width[1]);
  t->classes = Tensor(spec.classes, l.height[1], l.width[1]);
  t->full = Tensor(spec.out, l.height[0], l.width[0]);
  t->full_classes = Tensor(spec.classes, l.height[0], l.width[0]);
  t->to_half = ResizePlan(l.height[3], l.width[3], l.height[1], l.width[1]);
  t->to_full = ResizePlan(l.height[1], l.width[1], l.height[0], l.width[0]);
  const auto weight1 = n.Parameter("out_conv1.weight");
  const auto weight2 = n.Parameter("out_conv2.weight");
  t->conv1 = Direct(weight1, spec.out, spec.dec3, false);
  t->conv2 = Direct(weight2, spec.out, spec.out, false);
  t->fast1 = MakeWinogradConv(spec.out, spec.dec3);
  t->fast2 = MakeWinogradConv(spec.out, spec.out);
  TransformWeights(t->conv1->weights.data(), Taps33(), t->fast1);
  TransformWeights(t->conv2->weights.data(), Taps33(), t->fast2);
  t->conv3 = MakePackedConv(spec.classes, spec.out, 1);
  Repack(n.Parameter("out_conv3.weight"), spec.classes, spec.out, 1, 1, Taps11(), false, t->conv3);

  const double pixels = Pixels(t->up.view());
  const double convs = 9.0 * (spec.dec3 + spec.out) * spec.out * pixels;
  const double fast = WinogradMultiplyAdds(spec.dec3, spec.out, l.height[1], l.width[1]) +
                      WinogradMultiplyAdds(spec.out, spec.out, l.height[1], l.width[1]);
  const double head = 1.0 * spec.out * spec.classes;
  const double traffic = Bytes(t->up.view()) * 6;
  const auto winograd = [](Network& s, const Layers& layers) {
    Resize(layers.to_half, s.a(kBlocks - 1).out, layers.up);
    ConvolveWinograd(layers.up, layers.fast1, layers.first, {}, s.forward.scratch);
    ConvolveWinograd(layers.first, layers.fast2, layers.second, {}, s.forward.scratch);
  };
  const auto direct = [](Network& s, const Layers& layers) {
    Resize(layers.to_half, s.a(kBlocks - 1).out, layers.up);
    const ConvInput one[] = {{layers.up, 1, Taps33(), layers.conv1.get()}};
    Convolve(one, layers.first.view());
    const ConvInput two[] = {{layers.first, 1, Taps33(), layers.conv2.get()}};
    Convolve(two, layers.second.view());
  };
  const auto half_head = [](const Layers& layers) {
    const ConvInput input[] = {{layers.second, 1, Taps11(), &layers.conv3}};
    Convolve(input, layers.classes.view());
  };
  const auto full_head = [](const Layers& layers) {
    Resize(layers.to_full, layers.second, layers.full);
    const ConvInput input[] = {{layers.full, 1, Taps11(), &layers.conv3}};
    Convolve(input, layers.full_classes.view());
  };
  rows.Add("alternative/tail/layers_winograd", fast + head * pixels, n.PublishedTail(), traffic,
           [=](Network& s) { winograd(s, *t), half_head(*t); });
  rows.Add("alternative/tail/layers_direct", convs + head * pixels, n.PublishedTail(), traffic,
           [=](Network& s) { direct(s, *t), half_head(*t); });
  const double full = traffic + 2 * Bytes(t->full.view()) + Bytes(t->full_classes.view());
  rows.Add("alternative/tail/published_winograd", fast + head * Pixels(t->full.view()),
           n.PublishedTail(), full, [=](Network& s) { winograd(s, *t), full_head(*t); });
  rows.Add("alternative/tail/published_direct", n.PublishedTail(), n.PublishedTail(), full,
           [=](Network& s) { direct(s, *t), full_head(*t); });
}

}  // namespace

void AddAlternativeRows(RowList& rows) {
  for (int i = 0; i < kBlocks; ++i) AddBlockRows(rows, i);
  AddTailRows(rows);
}

}  // namespace shadowtutor::bench
