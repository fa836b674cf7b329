#include "executed_count.h"

#include "nn/operation_count.h"
#include "nn/packed_weights.h"

namespace shadowtutor::bench {
namespace {

using nn::BlockShape;
using nn::BlockStage;
using nn::kBlocks;
using nn::Levels;
using nn::NetworkSpec;
using nn::ShapeOf;
using nn::Stage;

constexpr int kOutputLevel[kBlocks] = {3, 4, 5, 5, 4, 3};
// A low-resolution pixel lies under this many columns (and rows) of the tail's upsampling.
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
double First3x3(const BlockShape& shape, int level, const Levels& levels) {
  if (shape.stride == 1) {
    return WinogradMultiplyAdds(shape.in, shape.out, levels.height[level], levels.width[level]);
  }
  return 9.0 * shape.in * shape.out * Pixels(levels, level);
}

double Shortcut(const BlockShape& shape, int level, const Levels& levels) {
  return shape.identity ? 0 : 1.0 * shape.in * shape.out * Pixels(levels, level);
}

// 1x3 and 3x1 one after the other.
double LastTwo(const BlockShape& shape, int level, const Levels& levels) {
  return 6.0 * shape.out * shape.out * Pixels(levels, level);
}

double BlockForward(const NetworkSpec& spec, int block, const Levels& levels, bool composed) {
  const BlockShape shape = ShapeOf(spec, block);
  const int level = kOutputLevel[block];
  const double last = composed ? WinogradMultiplyAdds(shape.out, shape.out, levels.height[level],
                                                      levels.width[level])
                               : LastTwo(shape, level, levels);
  return Shortcut(shape, level, levels) + First3x3(shape, level, levels) + last;
}

double BlockBackward(const NetworkSpec& spec, int block, const Levels& levels) {
  const BlockShape shape = ShapeOf(spec, block);
  const int level = kOutputLevel[block];
  const double weights = Shortcut(shape, level, levels) +
                         9.0 * shape.in * shape.out * Pixels(levels, level) +
                         LastTwo(shape, level, levels);
  const double data = Shortcut(shape, level, levels) + First3x3(shape, level, levels) +
                      LastTwo(shape, level, levels);
  return weights + data;
}

}  // namespace

double WinogradMultiplyAdds(int in, int out, int height, int width) {
  const int tile_rows = (height + 3) / 4, tile_columns = (width + 3) / 4;
  return 36.0 * in * out * tile_rows * tile_columns;
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
  double sum = Stem1(spec, levels) + Stem2(spec, levels) + TailMultiplyAdds(spec, levels);
  for (int i = 0; i < kBlocks; ++i) sum += BlockForward(spec, i, levels, true);
  return sum;
}

double ExecutedStep(const NetworkSpec& spec, FrameSize frame, Stage cut) {
  const Levels levels(frame);
  double sum = TailMultiplyAdds(spec, levels) + TailBackwardMultiplyAdds(spec, levels);
  for (int i = 0; i < kBlocks; ++i) {
    if (BlockStage(i) < cut) continue;
    sum += BlockForward(spec, i, levels, false) + BlockBackward(spec, i, levels);
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
  for (int i = 0; i < kBlocks; ++i) {
    const BlockShape shape = ShapeOf(spec, i);
    const int level = kOutputLevel[i];
    if (BlockStage(i) < cut) continue;
    trained += Shortcut(shape, level, levels) + LastTwo(shape, level, levels) +
               9.0 * shape.in * shape.out * Pixels(levels, level);
  }
  double sum = nn::PublishedMultiplyAdds(spec, frame) + 2 * trained;
  if (cut <= Stage::kInConv2) sum += Stem2(spec, levels);  // weights
  if (cut == Stage::kInConv1) sum += Stem2(spec, levels) + Stem1(spec, levels);
  return sum;
}

}  // namespace shadowtutor::bench
