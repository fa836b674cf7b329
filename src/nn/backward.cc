#include "nn/backward.h"

#include "nn/backward_block.h"
#include "nn/kernels/loss.h"
#include "nn/kernels/stem_composed.h"

namespace shadowtutor::nn {
namespace {

// The gradients of in_conv1, unless it is frozen, and in_conv2, from `g`, that of their output.
void BackwardStem(const StudentWeights& weights, Stage cut, ImageView frame,
                  ForwardWorkspace& forward, const View& g, std::span<float> gradient) {
  const auto part = [&](auto all, const char* name) {
    const ParameterInfo& info = weights.packed.layout()->Find(name);
    return all.subspan(info.offset, info.count);
  };
  const bool first_too = cut == Stage::kInConv1;
  const StemGradients to = {first_too ? part(gradient, "in_conv1.weight") : std::span<float>(),
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

double Backward(const StudentWeights& weights, Stage cut, ImageView frame, const Truth& truth,
                ForwardWorkspace& forward, const LogitPlanes& logits, BackwardWorkspace& ws,
                std::span<float> gradient) {
  const NetworkLayout& layout = *weights.packed.layout();
  Scratch& scratch = forward.scratch;
  const double loss = SegmentationLoss(forward.head, logits, truth.label, truth.pixel_weight,
                                       truth.jaccard_weight, truth.sample, ws.logits, scratch);

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
