#include "nn/backward.h"

#include <algorithm>
#include <string>

#include "core/parallel.h"
#include "nn/kernels/composition.h"
#include "nn/kernels/conv_gradient.h"
#include "nn/kernels/loss.h"
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

// The gradient of the end of the long path, 1x3 and 3x1, from `g`, that of the block's output: by
// way of the one 3x3 convolution that they make.
void BackwardLongPath(const BlockParameters<const float>& weights, const View& in, const View& g,
                      const BlockParameters<float>& to, Scratch& scratch) {
  const int channels = g.channels;
  const size_t n = static_cast<size_t>(channels), kernel = n * n * 9;
  float* sums = scratch.PassFloats(3 * n + kernel + SplitFloats(channels));
  float* oihw = sums + 3 * n;
  WinogradWeightGradient(in, g, {oihw, kernel}, to.bias3, scratch);
  SplitKernelGradient(weights.weight2, weights.weight3, channels, oihw, to.weight2, to.weight3,
                      oihw + kernel);
  // The 3x1 convolution sees the 1x3 one's bias where it reads inside the frame: its first tap in
  // all rows but the first, its last one in all but the last. [tap][channel]: g's sums over those.
  SumRow(g, 0, {sums, n});
  SumRow(g, g.height - 1, {sums + 2 * n, n});
  for (size_t o = 0; o < n; ++o) {
    sums[n + o] = to.bias3[o];
    sums[o] = to.bias3[o] - sums[o];
    sums[2 * n + o] = to.bias3[o] - sums[2 * n + o];
  }
  for (size_t m = 0; m < n; ++m) {
    float sum = 0;
    for (size_t o = 0; o < n; ++o) {
      for (size_t r = 0; r < 3; ++r) {
        sum += weights.weight3[(o * n + m) * 3 + r] * sums[r * n + o];
        to.weight3[(o * n + m) * 3 + r] += weights.bias2[m] * sums[r * n + o];
      }
    }
    to.bias2[m] = sum;
  }
}

// Computes the gradient of a block's parameters and, when `g.x` has memory, that of its input,
// which is added to `g.x` if `accumulate`, and overwrites it otherwise.
void BackwardBlock(const NetworkLayout& layout, std::span<const float> flat_weights,
                   const BlockWeights& weights, int block,
                   const BlockBackwardWeights& transposed, const BlockActivations& a,
                   const BackwardWorkspace::Block& g, bool accumulate, std::span<float> gradient,
                   Scratch& scratch) {
  const auto p = FindBlock(layout, gradient, block);
  const int stride = weights.shape.stride;
  const bool fast = transposed.long_fast.outputs > 0;
  if (!weights.shape.identity()) {
    ConvolutionWeightGradient(a.pre, stride, Taps11(), g.out, 1, 1, p.short_weight, p.short_bias,
                              scratch);
  }
  if (fast) {
    BackwardLongPath(FindBlock(layout, flat_weights, block), a.mid1, g.out, p, scratch);
    ConvolveWinograd(g.out, transposed.long_fast, g.mid1, {.positive = &a.mid1}, scratch);
  } else {
    ConvolutionWeightGradient(a.mid2, 1, Taps31(), g.out, 3, 1, p.weight3, p.bias3, scratch);
    const ConvInput third[] = {{g.out, 1, MirroredTaps31(), &transposed.conv3}};
    Convolve(third, g.mid2);
    ConvolutionWeightGradient(a.mid1, 1, Taps13(), g.mid2, 1, 3, p.weight2, p.bias2, scratch);
    const ConvInput second[] = {{g.mid2, 1, MirroredTaps13(), &transposed.conv2}};
    Convolve(second, g.mid1, {.positive = &a.mid1});
  }
  if (fast && stride == 1) {
    WinogradWeightGradient(a.pre, g.mid1, p.weight0, p.bias0, scratch);
  } else {
    ConvolutionWeightGradient(a.pre, stride, Taps33(), g.mid1, 3, 3, p.weight0, p.bias0, scratch);
  }

  const ConvInput shortcut = {g.out, 1, Taps11(), &transposed.short_path};
  if (stride == 1) {
    if (!weights.shape.identity()) Convolve(std::span(&shortcut, 1), g.pre);
    ConvolveWinograd(g.mid1, transposed.conv0_fast, g.pre,
                     {.accumulate = !weights.shape.identity(), .positive = &a.pre}, scratch);
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
      const size_t inputs = parity == 0 && !weights.shape.identity() ? 2 : 1;
      Convolve(std::span(first, inputs), out, {.positive = &a.pre});
    }
  }
  NormReluBackward(a.x, g.pre, weights.scale, a.statistics, p.scale, p.shift,
                   g.x.data ? &g.x : nullptr, accumulate, scratch);
  if (g.x.data && weights.shape.identity()) AddAtStride(g.out, stride, g.x);
}

size_t FirstBlock(const std::vector<BlockInfo>& infos, Stage stage) {
  const auto found = std::find_if(infos.begin(), infos.end(),
                                  [&](const BlockInfo& info) { return info.stage == stage; });
  return static_cast<size_t>(found - infos.begin());
}

size_t LastBlock(const std::vector<BlockInfo>& infos, Stage stage) {
  size_t block = FirstBlock(infos, stage);
  while (!infos[block].last_in_stage) ++block;
  return block;
}

}  // namespace

BackwardWorkspace::BackwardWorkspace(const NetworkSpec& spec, const Levels& levels, Stage cut,
                                     Arithmetic arithmetic) {
  const auto make = [&](int channels, int level) {
    tensors_.emplace_back(channels, levels.height[level], levels.width[level]);
    return tensors_.back().view();
  };
  logits = {nullptr, spec.classes, levels.height[1], levels.width[1]};
  logits_floats = Buffer(logits.floats());
  logits.data = logits_floats.data();
  tail_maps = TailMaps(spec.classes, spec.dec3);
  const std::vector<BlockInfo> infos = BlocksOf(spec);
  blocks.resize(infos.size());
  // Blocks of one level share this memory. Outputs of successive blocks inside a stage alternate
  // between two tensors, as in ForwardWorkspace.
  View pre[6], mid[6][2], inner[6][2];
  for (int level = 2; level <= 5; ++level) {
    int pre_channels = 0, mid_channels = 0, inner_channels[2] = {0, 0};
    for (const BlockInfo& info : infos) {
      if (info.stage < cut) continue;
      if (info.in_level == level) pre_channels = std::max(pre_channels, info.in);
      if (info.out_level != level) continue;
      mid_channels = std::max(mid_channels, info.out);
      int& turn = inner_channels[info.index_in_stage % 2];
      if (!info.last_in_stage) turn = std::max(turn, info.out);
    }
    if (pre_channels) pre[level] = make(pre_channels, level);
    if (mid_channels) mid[level][0] = make(mid_channels, level);
    if (mid_channels && arithmetic == Arithmetic::kReference) {
      mid[level][1] = make(mid_channels, level);
    }
    for (int turn = 0; turn < 2; ++turn) {
      if (inner_channels[turn]) inner[level][turn] = make(inner_channels[turn], level);
    }
  }
  for (size_t i = 0; i < infos.size(); ++i) {
    const BlockInfo& info = infos[i];
    if (info.stage < cut) continue;
    Block& b = blocks[i];
    b.pre = pre[info.in_level].Channels(0, info.in);
    b.mid1 = mid[info.out_level][0].Channels(0, info.out);
    if (arithmetic == Arithmetic::kReference) {
      b.mid2 = mid[info.out_level][1].Channels(0, info.out);
    }
    if (info.index_in_stage > 0) b.x = blocks[i - 1].out;
    if (!info.last_in_stage) {
      b.out = inner[info.out_level][info.index_in_stage % 2].Channels(0, info.out);
    }
  }
  // Gradients of the outputs and inputs of stages, from the last stage to the first. Those of enc1
  // and enc2 are parts of the gradients of the concatenations that dec3 and dec2 read.
  const auto in = [&](Stage stage) -> View& { return blocks[FirstBlock(infos, stage)].x; };
  const auto out = [&](Stage stage) -> View& { return blocks[LastBlock(infos, stage)].out; };
  using enum Stage;
  if (cut <= kDec3) out(kDec3) = make(spec.dec3, 3);
  if (cut <= kDec2) {
    out(kDec2) = make(spec.dec2, 4);
    in(kDec3) = make(cut <= kEnc1 ? spec.dec2 + spec.enc1 : spec.dec2, 3);
  }
  if (cut <= kDec1) {
    out(kDec1) = make(spec.dec1, 5);
    in(kDec2) = make(cut <= kEnc2 ? spec.dec1 + spec.enc2 : spec.dec1, 4);
  }
  if (cut <= kEnc3) out(kEnc3) = in(kDec1) = make(spec.enc3, 5);
  if (cut <= kEnc2) out(kEnc2) = in(kEnc3) = in(kDec2).Channels(spec.dec1, spec.enc2);
  if (cut <= kEnc1) out(kEnc1) = in(kEnc2) = in(kDec3).Channels(spec.dec2, spec.enc1);
  if (cut <= kInConv2) in(kEnc1) = make(spec.in_conv2, 2);
}

double Backward(const PackedWeights& weights, std::span<const float> flat_weights,
                std::span<const BlockBackwardWeights> transposed, Stage cut, ImageView frame,
                ForwardWorkspace& forward, const LogitPlanes& logits, const uint8_t* label,
                const float* pixel_weight, float jaccard_weight, BackwardWorkspace& ws,
                std::span<float> gradient) {
  const NetworkLayout& layout = *weights.layout();
  Scratch& scratch = forward.scratch;
  const double loss = SegmentationLoss(forward.head, logits, label, pixel_weight, jaccard_weight,
                                       ws.logits, scratch);

  auto& g = ws.blocks;
  const View& dec3 = forward.blocks.back().out;
  TailBackward(forward.tail, weights.tail(), dec3, ws.logits, ws.tail_maps, ws.tail_bias,
               cut <= Stage::kDec3 ? &g.back().out : nullptr, scratch);
  weights.tail().Backward(FindTail(layout, flat_weights), ws.tail_maps, ws.tail_bias,
                          FindTail(layout, gradient), scratch);

  for (size_t i = g.size(); i-- > 0 && layout.blocks()[i].stage >= cut;) {
    const BlockInfo& info = layout.blocks()[i];
    // The next stage read the resized output, so its input's gradient is resized back.
    if (info.last_in_stage && (info.stage == Stage::kDec1 || info.stage == Stage::kDec2)) {
      const ResizePlan& up = info.stage == Stage::kDec1 ? forward.dec1_up : forward.dec2_up;
      ResizeBackward(up, g[i + 1].x.Channels(0, info.out), g[i].out, scratch);
    }
    // The outputs of enc1 and enc2 have two readers: a decoder stage, whose share of the gradient
    // is already there, and the next encoder stage, whose share is added.
    const bool accumulate =
        info.index_in_stage == 0 && (info.stage == Stage::kEnc2 || info.stage == Stage::kEnc3);
    const int block = static_cast<int>(i);
    BackwardBlock(layout, flat_weights, weights.block(block), block, transposed[i],
                  forward.blocks[i], g[i], accumulate, gradient, scratch);
  }
  if (cut <= Stage::kInConv2) {
    const auto part = [&](auto all, const char* name) {
      const ParameterInfo& info = layout.Find(name);
      return all.subspan(info.offset, info.count);
    };
    const bool first_too = cut == Stage::kInConv1;
    StemBackward(weights.stem(), frame, forward.stem_rows, g.front().x,
                 part(flat_weights, "in_conv2.weight"),
                 first_too ? part(gradient, "in_conv1.weight") : std::span<float>(),
                 first_too ? part(gradient, "in_conv1.bias") : std::span<float>(),
                 part(gradient, "in_conv2.weight"), part(gradient, "in_conv2.bias"), scratch);
  }
  return loss;
}

}  // namespace shadowtutor::nn
