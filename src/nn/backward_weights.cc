#include "nn/backward_weights.h"

#include <algorithm>

#include "core/parallel.h"
#include "nn/kernels/matrix_unit.h"

namespace shadowtutor::nn {
namespace {

// Packs one of a block's two parts: the end of the long path, or the rest. Splitting the blocks
// into parts balances the load of the threads.
void RepackPart(const BlockParameters<const float>& p, const BlockWeights& forward,
                BlockBackwardWeights& packed, bool long_path, float* working) {
  const int in = forward.shape.in, out = forward.shape.out, stride = forward.shape.stride;
  const bool matrix = packed.long_matrix.outputs > 0;
  if (long_path) {
    const std::span<const float> kernel(forward.long_kernel.data(), forward.long_kernel.size());
    if (matrix) {
      RepackMatrix(kernel, out, out, 3, 3, MirroredTaps33(), true, working, packed.long_matrix);
    } else if (packed.long_fast.outputs > 0) {
      RepackWinograd(kernel, out, out, MirroredTaps33(), true, working, packed.long_fast);
    } else {
      Repack(p.weight2, out, out, 1, 3, MirroredTaps13(), true, packed.conv2);
      Repack(p.weight3, out, out, 3, 1, MirroredTaps31(), true, packed.conv3);
    }
    return;
  }
  if (!forward.shape.identity()) {
    if (matrix) {
      RepackMatrix(p.short_weight, out, in, 1, 1, Taps11(), true, working, packed.short_matrix);
    } else {
      Repack(p.short_weight, out, in, 1, 1, Taps11(), true, packed.short_path);
    }
  }
  for (int parity = 0; parity < (stride == 1 ? 1 : 4); ++parity) {
    const auto number = static_cast<size_t>(parity);
    const auto& taps = stride == 1 ? MirroredTaps33() : ParityTaps33(parity / 2, parity % 2);
    if (matrix) {
      RepackMatrix(p.weight0, out, in, 3, 3, taps, true, working, packed.conv0_matrix[number]);
    } else if (stride == 1) {
      RepackWinograd(p.weight0, out, in, taps, true, working, packed.conv0_fast);
    } else {
      Repack(p.weight0, out, in, 3, 3, taps, true, packed.conv0[number]);
    }
  }
}

}  // namespace

BlockBackwardWeights MakeBackwardWeights(const BlockInfo& shape, Arithmetic arithmetic) {
  BlockBackwardWeights b;
  if (arithmetic == Arithmetic::kFast && HasMatrixUnit()) {
    if (!shape.identity()) b.short_matrix = MakeMatrixConv(shape.in, shape.out, 1);
    b.long_matrix = MakeMatrixConv(shape.out, shape.out, 9);
    for (int parity = 0; parity < (shape.stride == 1 ? 1 : 4); ++parity) {
      const auto taps = shape.stride == 1 ? size_t{9} : ParityTaps33(parity / 2, parity % 2).size();
      b.conv0_matrix[static_cast<size_t>(parity)] =
          MakeMatrixConv(shape.in, shape.out, static_cast<int>(taps));
    }
    return b;
  }
  if (!shape.identity()) b.short_path = MakePackedConv(shape.in, shape.out, 1);
  if (arithmetic == Arithmetic::kFast) {
    b.long_fast = MakeWinogradConv(shape.out, shape.out);
  } else {
    b.conv2 = MakePackedConv(shape.out, shape.out, 3);
    b.conv3 = MakePackedConv(shape.out, shape.out, 3);
  }
  if (shape.stride == 1) {
    b.conv0_fast = MakeWinogradConv(shape.in, shape.out);
    return b;
  }
  for (int parity = 0; parity < 4; ++parity) {
    const auto taps = static_cast<int>(ParityTaps33(parity / 2, parity % 2).size());
    b.conv0[static_cast<size_t>(parity)] = MakePackedConv(shape.in, shape.out, taps);
  }
  return b;
}

void Repack(std::span<const float> weights, const PackedWeights& forward, Stage first,
            std::span<BlockBackwardWeights> packed, Scratch& scratch) {
  int first_block = 0;
  size_t working = 0;
  for (int i = 0; i < forward.blocks(); ++i) {
    const BlockInfo& shape = forward.block(i).shape;
    if (shape.stage < first) first_block = i + 1;
    working = std::max(
        {working, PackedFloats(shape.in, shape.out, 9), PackedFloats(shape.out, shape.out, 9)});
  }
  scratch.PrepareSlots(working);
  ParallelFor(2 * (forward.blocks() - first_block), [&](int task) {
    const int block = first_block + task / 2;
    RepackPart(FindBlock(*forward.layout(), weights, block), forward.block(block),
               packed[static_cast<size_t>(block)], task % 2 == 0, scratch.SlotFloats());
  });
}

}  // namespace shadowtutor::nn
