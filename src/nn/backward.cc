#include "nn/backward.h"

#include <algorithm>
#include <string>

#include "core/parallel.h"
#include "nn/kernels/conv_gradient.h"

namespace shadowtutor::nn {
namespace {

constexpr int kDec1 = 3, kDec2 = 4, kDec3 = 5;  // indices of blocks
constexpr int kEnc1 = 0, kEnc2 = 1, kEnc3 = 2;

// Adds a gradient to the pixels that the sub-sampling shortcut read, in the channels that `to` has.
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

// Gradient of a block's parameters, and where `g.x` has memory of its input (added there if
// `accumulate`).
void BackwardBlock(const NetworkLayout& layout, const BlockWeights& weights, int block,
                   const BlockBackwardWeights& transposed, const BlockActivations& a,
                   const BackwardWorkspace::Block& g, bool accumulate, std::span<float> gradient,
                   Scratch& scratch) {
  const auto p = FindBlock(layout, gradient, BlockStage(block));
  const int stride = weights.shape.stride;
  ConvolutionWeightGradient(a.mid2, 1, Taps31(), g.out, 3, 1, p.weight3, p.bias3, scratch);
  if (!weights.shape.identity) {
    ConvolutionWeightGradient(a.pre, stride, Taps11(), g.out, 1, 1, p.short_weight, p.short_bias,
                              scratch);
  }
  const ConvInput third[] = {{g.out, 1, MirroredTaps31(), &transposed.conv3}};
  Convolve(third, g.mid2);
  ConvolutionWeightGradient(a.mid1, 1, Taps13(), g.mid2, 1, 3, p.weight2, p.bias2, scratch);
  const ConvInput second[] = {{g.mid2, 1, MirroredTaps13(), &transposed.conv2}};
  Convolve(second, g.mid1, {.positive = &a.mid1});
  ConvolutionWeightGradient(a.pre, stride, Taps33(), g.mid1, 3, 3, p.weight0, p.bias0, scratch);

  const ConvInput shortcut = {g.out, 1, Taps11(), &transposed.short_path};
  if (stride == 1) {
    if (!weights.shape.identity) Convolve(std::span(&shortcut, 1), g.pre);
    ConvolveWinograd(g.mid1, transposed.conv0_fast, g.pre,
                     {.accumulate = !weights.shape.identity, .positive = &a.pre}, scratch);
  } else {
    for (int parity = 0; parity < 4; ++parity) {
      const int py = parity / 2, px = parity % 2;
      ConvOutput out(g.pre);
      out.y0 = py;
      out.x0 = px;
      out.step = 2;
      out.height = (g.pre.height - py + 1) / 2;
      out.width = (g.pre.width - px + 1) / 2;
      if (out.height == 0 || out.width == 0) continue;
      const ConvInput first[] = {
          {g.mid1, 1, ParityTaps33(py, px), &transposed.conv0[static_cast<size_t>(parity)]},
          shortcut};
      const size_t inputs = parity == 0 && !weights.shape.identity ? 2 : 1;
      Convolve(std::span(first, inputs), out, {.positive = &a.pre});
    }
  }
  NormReluBackward(a.x, g.pre, weights.scale, a.statistics, p.scale, p.shift,
                   g.x.data ? &g.x : nullptr, accumulate, scratch);
  if (g.x.data && weights.shape.identity) AddAtStride(g.out, stride, g.x);
}

}  // namespace

BackwardWorkspace::BackwardWorkspace(const NetworkSpec& spec, const Levels& levels, Stage cut) {
  const auto make = [&](int channels, int level) {
    tensors_.emplace_back(channels, levels.height[level], levels.width[level]);
    return tensors_.back().view();
  };
  logits = {nullptr, spec.classes, levels.height[1], levels.width[1]};
  logits_floats = Buffer(logits.floats());
  logits.data = logits_floats.data();
  tail_maps = TailMaps(spec.classes, spec.dec3);
  constexpr int kIn[kBlocks] = {2, 3, 4, 5, 4, 3}, kOut[kBlocks] = {3, 4, 5, 5, 4, 3};
  View pre[6], mid[6][2];
  for (int level = 2; level <= 5; ++level) {
    int pre_channels = 0, mid_channels = 0;
    for (int i = 0; i < kBlocks; ++i) {
      if (BlockStage(i) < cut) continue;
      if (kIn[i] == level) pre_channels = std::max(pre_channels, ShapeOf(spec, i).in);
      if (kOut[i] == level) mid_channels = std::max(mid_channels, ShapeOf(spec, i).out);
    }
    if (pre_channels) pre[level] = make(pre_channels, level);
    if (mid_channels) {
      for (View& view : mid[level]) view = make(mid_channels, level);
    }
  }
  for (int i = 0; i < kBlocks; ++i) {
    if (BlockStage(i) < cut) continue;
    Block& b = blocks[static_cast<size_t>(i)];
    const BlockShape shape = ShapeOf(spec, i);
    b.pre = pre[kIn[i]].Channels(0, shape.in);
    b.mid1 = mid[kOut[i]][0].Channels(0, shape.out);
    b.mid2 = mid[kOut[i]][1].Channels(0, shape.out);
  }
  // Gradients of outputs, from the last block back; the encoder's lie in those of the
  // concatenations.
  auto& b = blocks;
  if (cut <= Stage::kDec3) b[kDec3].out = make(spec.dec3, 3);
  if (cut <= Stage::kDec2) {
    b[kDec2].out = make(spec.dec2, 4);
    b[kDec3].x = make(cut <= Stage::kEnc1 ? spec.dec2 + spec.enc1 : spec.dec2, 3);
  }
  if (cut <= Stage::kDec1) {
    b[kDec1].out = make(spec.dec1, 5);
    b[kDec2].x = make(cut <= Stage::kEnc2 ? spec.dec1 + spec.enc2 : spec.dec1, 4);
  }
  if (cut <= Stage::kEnc3) b[kEnc3].out = b[kDec1].x = make(spec.enc3, 5);
  if (cut <= Stage::kEnc2) b[kEnc2].out = b[kEnc3].x = b[kDec2].x.Channels(spec.dec1, spec.enc2);
  if (cut <= Stage::kEnc1) b[kEnc1].out = b[kEnc2].x = b[kDec3].x.Channels(spec.dec2, spec.enc1);
  if (cut <= Stage::kInConv2) b[kEnc1].x = make(spec.in_conv2, 2);
}

double Backward(const PackedWeights& weights, std::span<const float> flat_weights,
                const std::array<BlockBackwardWeights, kBlocks>& transposed, Stage cut,
                ImageView frame, ForwardWorkspace& forward, const LogitPlanes& logits,
                const uint8_t* label, const float* pixel_weight, BackwardWorkspace& ws,
                std::span<float> gradient) {
  const NetworkLayout& layout = *weights.layout();
  Scratch& scratch = forward.scratch;
  const double loss =
      WeightedCrossEntropy(forward.head, logits, label, pixel_weight, ws.logits, scratch);

  auto& g = ws.blocks;
  const View& dec3 = forward.blocks[kDec3].out;
  TailBackward(forward.tail, weights.tail(), dec3, ws.logits, ws.tail_maps, ws.tail_bias,
               cut <= Stage::kDec3 ? &g[kDec3].out : nullptr, scratch);
  weights.tail().Backward(FindTail(layout, flat_weights), ws.tail_maps, ws.tail_bias,
                          FindTail(layout, gradient), scratch);

  const auto backward_block = [&](int block, bool accumulate) {
    const auto i = static_cast<size_t>(block);
    BackwardBlock(layout, weights.block(block), block, transposed[i], forward.blocks[i], g[i],
                  accumulate, gradient, scratch);
  };
  if (cut <= Stage::kDec3) backward_block(kDec3, false);
  if (cut <= Stage::kDec2) {
    const int channels = g[kDec2].out.channels;
    ResizeBackward(forward.dec2_up, g[kDec3].x.Channels(0, channels), g[kDec2].out, scratch);
    backward_block(kDec2, false);
  }
  if (cut <= Stage::kDec1) {
    const int channels = g[kDec1].out.channels;
    ResizeBackward(forward.dec1_up, g[kDec2].x.Channels(0, channels), g[kDec1].out, scratch);
    backward_block(kDec1, false);
  }
  // An encoder's output has two readers: the decoder, whose share is there already, and the next
  // one.
  if (cut <= Stage::kEnc3) backward_block(kEnc3, true);
  if (cut <= Stage::kEnc2) backward_block(kEnc2, true);
  if (cut <= Stage::kEnc1) backward_block(kEnc1, false);
  if (cut <= Stage::kInConv2) {
    const auto part = [&](auto all, const char* name) {
      const ParameterInfo& info = layout.Find(name);
      return all.subspan(info.offset, info.count);
    };
    const bool first_too = cut == Stage::kInConv1;
    StemBackward(weights.stem(), frame, forward.stem_rows, g[kEnc1].x,
                 part(flat_weights, "in_conv2.weight"),
                 first_too ? part(gradient, "in_conv1.weight") : std::span<float>(),
                 first_too ? part(gradient, "in_conv1.bias") : std::span<float>(),
                 part(gradient, "in_conv2.weight"), part(gradient, "in_conv2.bias"), scratch);
  }
  return loss;
}

}  // namespace shadowtutor::nn
