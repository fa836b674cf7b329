#include "nn/operation_count.h"

#include "nn/forward.h"
#include "nn/packed_weights.h"

namespace shadowtutor::nn {

double PublishedMultiplyAdds(const NetworkSpec& spec, FrameSize frame) {
  const Levels levels(frame);
  const auto pixels = [&](int level) {
    return static_cast<double>(levels.height[level]) * levels.width[level];
  };
  constexpr int kOutputLevel[kBlocks] = {3, 4, 5, 5, 4, 3};
  double sum = 27.0 * spec.in_conv1 * pixels(1) + 9.0 * spec.in_conv1 * spec.in_conv2 * pixels(2);
  for (int i = 0; i < kBlocks; ++i) {
    const BlockShape shape = ShapeOf(spec, i);
    const double in = shape.in, out = shape.out;
    const double shortcut = shape.identity ? 0 : in * out;
    sum += (shortcut + 9 * in * out + 6 * out * out) * pixels(kOutputLevel[i]);
  }
  const double out = spec.out;
  return sum + 9 * (spec.dec3 * out + out * out) * pixels(1) + out * spec.classes * pixels(0);
}

}  // namespace shadowtutor::nn
