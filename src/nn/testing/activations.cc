#include "nn/testing/activations.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>

#include "nn/forward.h"
#include "nn/kernels/scratch.h"
#include "nn/kernels/stem.h"
#include "nn/kernels/tensor.h"
#include "nn/network.h"
#include "nn/packed_weights.h"
#include "nn/training_memory.h"

namespace shadowtutor::nn {
namespace {

using DoubleTensor = reference::Tensor<double>;

DoubleTensor Plain(const View& view) {
  DoubleTensor tensor(view.channels, view.height, view.width);
  for (int c = 0; c < view.channels; ++c) {
    for (int y = 0; y < view.height; ++y) {
      for (int x = 0; x < view.width; ++x) {
        tensor.row(c, y)[x] = view.at(c / kBlock, y, x)[c % kBlock];
      }
    }
  }
  return tensor;
}

DoubleTensor Plain(const LogitPlanes& logits) {
  DoubleTensor tensor(logits.classes, logits.height, logits.width);
  for (int c = 0; c < logits.classes; ++c) {
    for (int y = 0; y < logits.height; ++y) {
      std::copy_n(logits.row(c, y), logits.width, tensor.row(c, y));
    }
  }
  return tensor;
}

// in_conv1's output, whose even and odd columns are stored in separate parts.
DoubleTensor Plain(const StemActivations& stem, int channels) {
  DoubleTensor tensor(channels, stem.height, stem.width);
  const size_t stride = SplitRowFloats((stem.width + 1) / 2);
  for (int c = 0; c < channels; ++c) {
    for (int y = 0; y < tensor.height; ++y) {
      for (int x = 0; x < tensor.width; ++x) {
        const auto row = static_cast<size_t>((y * channels + c) * 2 + x % 2);
        tensor.row(c, y)[x] =
            stem.rows[row * stride + kSplitRowMargin + static_cast<size_t>(x / 2)];
      }
    }
  }
  return tensor;
}

// The outputs of a frozen stem. Its weights are those that the learner began with.
struct Stem {
  StemActivations in_conv1;
  Tensor in_conv2;
};

Stem ComputeStem(const Learner& learner, const TrainingMemory& workspace, ImageView frame) {
  const NetworkSpec& spec = learner.layout().spec();
  const Levels& levels = workspace.forward->levels;
  PackedWeights packed(std::make_shared<NetworkLayout>(learner.layout()), kNoStage);
  packed.Update(learner.weights(), kFullDistillation);
  Stem stem;
  stem.in_conv2 = Tensor(spec.in_conv2, levels.height[2], levels.width[2]);
  Scratch scratch;
  StemForward(packed.stem(), frame, stem.in_conv2, &stem.in_conv1, scratch);
  return stem;
}

}  // namespace

DoubleTensor ReadActivation(const Learner& learner, TrainingWorkspace& workspace, ImageView frame,
                            std::string_view name) {
  const TrainingMemory& ws = workspace.memory();
  const ForwardWorkspace& forward = *ws.forward;
  const NetworkSpec& spec = learner.layout().spec();
  if (name == "in_conv1") {
    const bool kept = forward.stem_rows.rows.size() > 0;
    return kept ? Plain(forward.stem_rows, spec.in_conv1)
                : Plain(ComputeStem(learner, ws, frame).in_conv1, spec.in_conv1);
  }
  if (name == "in_conv2") {
    const bool overwritten = forward.blocks.front().pre.data == forward.stem.data;
    return overwritten ? Plain(ComputeStem(learner, ws, frame).in_conv2) : Plain(forward.stem);
  }
  if (name == "dec1_up") return Plain(forward.cat2.Channels(0, spec.dec1));
  if (name == "dec2_up") return Plain(forward.cat3.Channels(0, spec.dec2));
  if (name == "logits_half") return Plain(ws.logits);
  for (size_t i = 0; i < forward.blocks.size(); ++i) {
    const BlockInfo& info = forward.infos[i];
    if (info.last_in_stage && name == StageName(info.stage)) return Plain(forward.blocks[i].out);
  }
  throw Error(ErrorCode::kNotFound, "no activation is called '" + std::string(name) + "'");
}

}  // namespace shadowtutor::nn
