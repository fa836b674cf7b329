#include "nn/backward.h"

#include <algorithm>
#include <string>

#include "nn/backward_block.h"
#include "nn/kernels/loss.h"
#include "nn/kernels/stem_composed.h"

namespace shadowtutor::nn {
namespace {

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

// The gradients of in_conv1, unless it is frozen, and in_conv2, from `g`, that of their output.
void BackwardStem(const StudentWeights& weights, Stage cut, ImageView frame,
                  ForwardWorkspace& forward, const View& g, std::span<float> gradient) {
  const auto part = [&](auto all, const char* name) {
    const ParameterInfo& info = weights.packed.layout()->Find(name);
    return all.subspan(info.offset, info.count);
  };
  const bool first_too = cut == Stage::kInConv1;
  const StemGradients to = {
      first_too ? part(gradient, "in_conv1.weight") : std::span<float>(),
      first_too ? part(gradient, "in_conv1.bias") : std::span<float>(),
      part(gradient, "in_conv2.weight"), part(gradient, "in_conv2.bias")};
  if (weights.arithmetic == Arithmetic::kFast) {
    StemBackwardComposed(
        {part(weights.flat, "in_conv1.weight"), part(weights.flat, "in_conv1.bias"),
         part(weights.flat, "in_conv2.weight"), part(weights.flat, "in_conv2.bias")},
        frame, g, to, forward.scratch);
  } else {
    StemBackward(weights.packed.stem(), frame, forward.stem_rows, g,
                 part(weights.flat, "in_conv2.weight"), to.weight1, to.bias1, to.weight2, to.bias2,
                 forward.scratch);
  }
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

double Backward(const StudentWeights& weights, Stage cut, ImageView frame, const Truth& truth,
                ForwardWorkspace& forward, const LogitPlanes& logits, BackwardWorkspace& ws,
                std::span<float> gradient) {
  const NetworkLayout& layout = *weights.packed.layout();
  Scratch& scratch = forward.scratch;
  const double loss =
      SegmentationLoss(forward.head, logits, truth.label, truth.pixel_weight, truth.jaccard_weight,
                       truth.sample, ws.logits, scratch);

  auto& g = ws.blocks;
  const View& dec3 = forward.blocks.back().out;
  TailBackward(forward.tail, weights.packed.tail(), dec3, ws.logits, ws.tail_maps, ws.tail_bias,
               cut <= Stage::kDec3 ? &g.back().out : nullptr, scratch);
  weights.packed.tail().Backward(FindTail(layout, weights.flat), ws.tail_maps, ws.tail_bias,
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
    BackwardBlock({FindBlock(layout, weights.flat, block), weights.packed.block(block),
                   weights.transposed[i], forward.blocks[i]},
                  g[i], accumulate, FindBlock(layout, gradient, block), scratch);
  }
  if (cut <= Stage::kInConv2) BackwardStem(weights, cut, frame, forward, g.front().x, gradient);
  return loss;
}

}  // namespace shadowtutor::nn
