#include "nn/operation_count.h"

#include "nn/forward.h"

namespace shadowtutor::nn {

double PublishedMultiplyAdds(const NetworkSpec& spec, FrameSize frame) {
  const Levels levels(frame);
  const auto pixels = [&](int level) {
    return static_cast<double>(levels.height[level]) * levels.width[level];
  };
  double sum = 27.0 * spec.in_conv1 * pixels(1) + 9.0 * spec.in_conv1 * spec.in_conv2 * pixels(2);
  for (const BlockInfo& block : BlocksOf(spec)) {
    const double in = block.in, out = block.out;
    const double shortcut = block.identity() ? 0 : in * out;
    sum += (shortcut + 9 * in * out + 6 * out * out) * pixels(block.out_level);
  }
  const double out = spec.out;
  return sum + 9 * (spec.dec3 * out + out * out) * pixels(1) + out * spec.classes * pixels(0);
}

}  // namespace shadowtutor::nn
