#include "kernel_network.h"

namespace shadowtutor::bench {

using namespace nn;  // NOLINT(google-build-using-namespace): every other word here is the engine's

KernelNetwork::KernelNetwork(FrameSize size)
    : scene(size),
      layout(scene.student.layout),
      spec(layout->spec()),
      weights(scene.student.weights),
      composed(layout, kNoStage),
      separate(layout, kFullDistillation),
      forward(spec, size, kFullDistillation),
      logits{nullptr, spec.classes, forward.levels.height[1], forward.levels.width[1]},
      logits_floats(logits.floats()),
      prediction(size.width, size.height),
      backward(spec, forward.levels, kFullDistillation),
      gradient(weights.size()),
      moment1(weights.size()),
      moment2(weights.size()) {
  logits.data = logits_floats.data();
  composed.Update(weights, kFullDistillation);
  separate.Update(weights, kFullDistillation);
  ForwardStem(separate, scene.frame, forward, true);
  for (int i = 0; i < kBlocks; ++i) {
    transposed[static_cast<size_t>(i)] = MakeBackwardWeights(separate.block(i).shape);
    ForwardBlock(separate, i, forward);
  }
  Repack(weights, separate, kFullDistillation, transposed, forward.scratch);
  ForwardLogits(separate, forward, logits);
  LabelsOf(logits, forward, prediction.labels().data());
  nn::Backward({separate, weights, transposed}, kFullDistillation, scene.frame,
               {scene.label.labels().data(), scene.pixel_weights.data()}, forward, logits, backward,
               gradient);
}

double KernelNetwork::PublishedTail() const {
  const Levels& levels = forward.levels;
  return 9.0 * (spec.dec3 + spec.out) * spec.out * levels.height[1] * levels.width[1] +
         1.0 * spec.out * spec.classes * levels.height[0] * levels.width[0];
}

}  // namespace shadowtutor::bench
