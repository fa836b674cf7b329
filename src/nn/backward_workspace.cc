#include "nn/backward_workspace.h"

#include <algorithm>

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

}  // namespace shadowtutor::nn
