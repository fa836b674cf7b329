#include "executed_count.h"

#include "nn/kernels/matrix_unit.h"
#include "nn/kernels/stem_composition.h"
#include "nn/operation_count.h"

namespace shadowtutor::bench {
namespace {

using nn::BlockInfo;
using nn::BlocksOf;
using nn::Levels;
using nn::NetworkSpec;
using nn::Stage;

// The number of columns (and rows) of the upsampled image that one pixel before the tail's
// upsampling affects.
constexpr double kReach = 8;
constexpr double kTaps = nn::kTailTaps;

double Pixels(const Levels& levels, int level) {
  return static_cast<double>(levels.height[level]) * levels.width[level];
}

double Stem1(const NetworkSpec& spec, const Levels& levels) {
  return 27.0 * spec.in_conv1 * Pixels(levels, 1);
}
double Stem2(const NetworkSpec& spec, const Levels& levels) {
  return 9.0 * spec.in_conv1 * spec.in_conv2 * Pixels(levels, 2);
}

// The 3x3 convolution of a block's long path, forward or its gradient to the input.
double First3x3(const BlockInfo& block, const Levels& levels) {
  if (block.stride == 1) {
    return WinogradMultiplyAdds(block.in, block.out, levels.height[block.out_level],
                                levels.width[block.out_level]);
  }
  return 9.0 * block.in * block.out * Pixels(levels, block.out_level);
}

double Shortcut(const BlockInfo& block, const Levels& levels) {
  return block.identity() ? 0 : 1.0 * block.in * block.out * Pixels(levels, block.out_level);
}

// 1x3 and 3x1 one after the other.
double LastTwo(const BlockInfo& block, const Levels& levels) {
  return 6.0 * block.out * block.out * Pixels(levels, block.out_level);
}

double BlockForward(const BlockInfo& block, const Levels& levels, bool composed) {
  const int level = block.out_level;
  const double last = composed ? WinogradMultiplyAdds(block.out, block.out, levels.height[level],
                                                      levels.width[level])
                               : LastTwo(block, levels);
  return Shortcut(block, levels) + First3x3(block, levels) + last;
}

// The same, and its gradients, in fast arithmetic: on the matrix unit as direct sums, else by
// Winograd's filtering where the stride is 1.
double FastBlock(const BlockInfo& block, const Levels& levels) {
  const double direct = 9.0 * block.in * block.out * Pixels(levels, block.out_level);
  const double composed = 9.0 * block.out * block.out * Pixels(levels, block.out_level);
  if (nn::HasMatrixUnit()) return 3 * (Shortcut(block, levels) + direct + composed);
  const int level = block.out_level;
  const double long_path =
      WinogradMultiplyAdds(block.out, block.out, levels.height[level], levels.width[level]);
  return 3 * (Shortcut(block, levels) + First3x3(block, levels) + long_path);
}

double BlockBackward(const BlockInfo& block, const Levels& levels) {
  const double weights = Shortcut(block, levels) +
                         9.0 * block.in * block.out * Pixels(levels, block.out_level) +
                         LastTwo(block, levels);
  const double data = Shortcut(block, levels) + First3x3(block, levels) + LastTwo(block, levels);
  return weights + data;
}

}  // namespace

double WinogradMultiplyAdds(int in, int out, int height, int width) {
  const int tile_rows = (height + 3) / 4, tile_columns = (width + 3) / 4;
  return 36.0 * in * out * tile_rows * tile_columns;
}

double ComposedStemMultiplyAdds(const NetworkSpec& spec, const Levels& levels) {
  return 3.0 * nn::kStemTaps * nn::kStemTaps * spec.in_conv2 * Pixels(levels, 2);
}

double TailMultiplyAdds(const NetworkSpec& spec, const Levels& levels) {
  const double classes = spec.classes, low = Pixels(levels, 3);
  const double products = kTaps * kTaps * classes * spec.dec3 * low;
  const double down = 2 * kTaps * kTaps * classes * levels.height[1] * levels.width[3];
  const double along = 2 * kTaps * classes * Pixels(levels, 1);
  return products + down + along;
}

double TailBackwardMultiplyAdds(const NetworkSpec& spec, const Levels& levels) {
  const double classes = spec.classes, low = Pixels(levels, 3);
  const double down = kReach * kTaps * classes * levels.height[3] * levels.width[1];
  const double along = kReach * kTaps * kTaps * classes * low;
  const double products = 2 * kTaps * kTaps * classes * spec.dec3 * low;
  return down + along + products;
}

double ExecutedInference(const NetworkSpec& spec, FrameSize frame) {
  const Levels levels(frame);
  double sum = ComposedStemMultiplyAdds(spec, levels) + TailMultiplyAdds(spec, levels);
  for (const BlockInfo& block : BlocksOf(spec)) sum += BlockForward(block, levels, true);
  return sum;
}

double ExecutedStep(const NetworkSpec& spec, FrameSize frame, Stage cut,
                    nn::Arithmetic arithmetic) {
  const Levels levels(frame);
  double sum = TailMultiplyAdds(spec, levels) + TailBackwardMultiplyAdds(spec, levels);
  const bool fast = arithmetic == nn::Arithmetic::kFast;
  for (const BlockInfo& block : BlocksOf(spec)) {
    if (block.stage < cut) continue;
    sum += fast ? FastBlock(block, levels)
                : BlockForward(block, levels, false) + BlockBackward(block, levels);
  }
  if (fast) {
    // Both layers of the stem have one gradient.
    return sum + (cut <= Stage::kInConv2 ? 2 * ComposedStemMultiplyAdds(spec, levels) : 0);
  }
  if (cut <= Stage::kInConv2) {
    sum += Stem1(spec, levels) + Stem2(spec, levels);  // forward
    sum += Stem2(spec, levels);                        // in_conv2's weights
    if (cut == Stage::kInConv1) sum += Stem2(spec, levels) + Stem1(spec, levels);
  }
  return sum;
}

double PublishedStep(const NetworkSpec& spec, FrameSize frame, Stage cut) {
  const Levels levels(frame);
  double trained = 9.0 * (spec.dec3 + spec.out) * spec.out * Pixels(levels, 1) +
                   1.0 * spec.out * spec.classes * Pixels(levels, 0);
  for (const BlockInfo& block : BlocksOf(spec)) {
    if (block.stage < cut) continue;
    trained += Shortcut(block, levels) + LastTwo(block, levels) +
               9.0 * block.in * block.out * Pixels(levels, block.out_level);
  }
  double sum = nn::PublishedMultiplyAdds(spec, frame) + 2 * trained;
  if (cut <= Stage::kInConv2) sum += Stem2(spec, levels);  // weights
  if (cut == Stage::kInConv1) sum += Stem2(spec, levels) + Stem1(spec, levels);
  return sum;
}

}  // namespace shadowtutor::bench
