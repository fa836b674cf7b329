#include "nn/packed_weights.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/parallel.h"
#include "nn/kernels/composition.h"
#include "nn/kernels/isa.h"
#include "nn/kernels/matrix_unit.h"

namespace shadowtutor::nn {
namespace {

template <typename T>
std::span<T> Part(const NetworkLayout& layout, std::span<T> all, std::string_view name) {
  const ParameterInfo& info = layout.Find(name);
  return all.subspan(info.offset, info.count);
}

std::vector<ParameterInfo>::const_iterator FirstOf(const NetworkLayout& layout, int block) {
  const auto& parameters = layout.parameters();
  return std::find_if(parameters.begin(), parameters.end(),
                      [&](const ParameterInfo& info) { return info.block == block; });
}

template <typename Parts, typename T>
Parts Tail(const NetworkLayout& layout, std::span<T> all) {
  const auto part = [&](std::string_view name) { return Part(layout, all, name); };
  return {part("out_conv1.weight"), part("out_conv1.bias"),   part("out_conv2.weight"),
          part("out_conv2.bias"),   part("out_conv3.weight"), part("out_conv3.bias")};
}

void CopyBias(std::span<const float> bias, Buffer& to) {
  std::copy(bias.begin(), bias.end(), to.data());
}

Buffer BiasBuffer(int channels) { return Buffer(static_cast<size_t>(Blocks(channels) * kBlock)); }

}  // namespace

// In the flat vector, a block's parameters follow each other in this order.
template <typename T>
BlockParameters<T> FindBlock(const NetworkLayout& layout, std::span<T> all, int block) {
  auto info = FirstOf(layout, block);
  const auto next = [&] {
    const std::span<T> part = all.subspan(info->offset, info->count);
    ++info;
    return part;
  };
  BlockParameters<T> p;
  p.scale = next();
  p.shift = next();
  if (!layout.blocks()[static_cast<size_t>(block)].identity()) {
    p.short_weight = next();
    p.short_bias = next();
  }
  p.weight0 = next();
  p.bias0 = next();
  p.weight2 = next();
  p.bias2 = next();
  p.weight3 = next();
  p.bias3 = next();
  return p;
}
template BlockParameters<float> FindBlock(const NetworkLayout&, std::span<float>, int);
template BlockParameters<const float> FindBlock(const NetworkLayout&, std::span<const float>, int);

TailParameters FindTail(const NetworkLayout& layout, std::span<const float> all) {
  return Tail<TailParameters>(layout, all);
}

TailGradients FindTail(const NetworkLayout& layout, std::span<float> all) {
  return Tail<TailGradients>(layout, all);
}

namespace {

std::shared_ptr<BlockWeights> MakeMatrixBlock(const BlockInfo& shape) {
  auto b = std::make_shared<BlockWeights>();
  b->shape = shape;
  b->composed = true;
  if (!shape.identity()) b->short_matrix = MakeMatrixConv(shape.out, shape.in, 1);
  b->conv0_matrix = MakeMatrixConv(shape.out, shape.in, 9);
  b->long_matrix = MakeMatrixConv(shape.out, shape.out, 9);
  b->bias0 = BiasBuffer(shape.out);
  b->bias3 = Buffer(static_cast<size_t>(4 * Blocks(shape.out) * kBlock));
  return b;
}

std::shared_ptr<BlockWeights> MakeBlock(const BlockInfo& shape, bool composed) {
  auto b = std::make_shared<BlockWeights>();
  b->shape = shape;
  b->composed = composed;
  if (!shape.identity()) b->short_path = MakePackedConv(shape.out, shape.in, 1);
  if (shape.stride == 1) {
    b->conv0_fast = MakeWinogradConv(shape.out, shape.in);
  } else {
    b->conv0 = MakePackedConv(shape.out, shape.in, 9);
  }
  b->bias0 = BiasBuffer(shape.out);
  if (composed) {
    b->long_fast = MakeWinogradConv(shape.out, shape.out);
    b->bias3 = Buffer(static_cast<size_t>(4 * Blocks(shape.out) * kBlock));
  } else {
    b->conv2 = MakePackedConv(shape.out, shape.out, 3);
    b->conv3 = MakePackedConv(shape.out, shape.out, 3);
    b->bias2 = BiasBuffer(shape.out);
    b->bias3 = BiasBuffer(shape.out);
  }
  return b;
}

// The working memory of RepackComposed, in floats.
size_t ComposedFloats(const BlockInfo& shape) {
  const size_t size = PackedFloats(shape.out, shape.out, 9);
  return size + std::max(size, ComposeFloats(shape.out));
}

// Packs the 1x3 convolution `weight2` followed by the 3x1 convolution `weight3` as one 3x3
// convolution.
void RepackComposed(const BlockParameters<const float>& p, BlockWeights& b, Scratch& scratch) {
  const auto n = static_cast<size_t>(b.shape.out);
  const size_t size = PackedFloats(b.shape.out, b.shape.out, 9);
  float* working = scratch.SlotFloats();  // ComposedFloats(b.shape)
  float* oihw = b.long_kernel.data();
  if (!oihw) {
    oihw = working;
    working += size;
  }
  ComposeKernel(p.weight2, p.weight3, b.shape.out, oihw, working);
  if (b.long_matrix.outputs > 0) {
    RepackMatrix({oihw, size}, b.shape.out, b.shape.out, 3, 3, Taps33(), false, working,
                 b.long_matrix);
  } else {
    RepackWinograd({oihw, size}, b.shape.out, b.shape.out, Taps33(), false, working, b.long_fast);
  }
  const size_t set = static_cast<size_t>(Blocks(b.shape.out) * kBlock);
  for (size_t kind = 0; kind < 4; ++kind) {
    for (size_t o = 0; o < n; ++o) {
      float sum = p.bias3[o] + (p.short_bias.empty() ? 0.0f : p.short_bias[o]);
      for (size_t r = 0; r < 3; ++r) {
        if ((r == 0 && (kind & 1)) || (r == 2 && (kind & 2))) continue;
        for (size_t m = 0; m < n; ++m) sum += p.weight3[(o * n + m) * 3 + r] * p.bias2[m];
      }
      b.bias3[kind * set + o] = sum;
    }
  }
}

}  // namespace

PackedWeights::PackedWeights(std::shared_ptr<const NetworkLayout> layout, Stage first_separate,
                             Arithmetic arithmetic)
    : layout_(std::move(layout)) {
  SelectInstructionSet();
  const NetworkSpec& spec = layout_->spec();
  stem_ = std::make_shared<StemWeights>(spec.in_conv1, spec.in_conv2);
  for (const BlockInfo& block : layout_->blocks()) {
    const bool fast = arithmetic == Arithmetic::kFast;
    blocks_.push_back(fast && HasMatrixUnit()
                          ? MakeMatrixBlock(block)
                          : MakeBlock(block, fast || block.stage < first_separate));
  }
  if (arithmetic == Arithmetic::kFast) {
    for (const auto& block : blocks_) {
      if (block->shape.stage < first_separate) continue;
      block->long_kernel = Buffer(PackedFloats(block->shape.out, block->shape.out, 9));
    }
  }
  tail_ = TailWeights(spec.classes, spec.dec3, spec.out);
  tail_.on_matrix_unit = arithmetic == Arithmetic::kFast && HasMatrixUnit();
}

PackedWeights::PackedWeights(const PackedWeights& base, Stage first_own) : layout_(base.layout_) {
  const NetworkSpec& spec = layout_->spec();
  stem_ = first_own <= Stage::kInConv2 ? std::make_shared<StemWeights>(spec.in_conv1, spec.in_conv2)
                                       : base.stem_;
  for (const auto& block : base.blocks_) {
    const bool own = block->shape.stage >= first_own;
    blocks_.push_back(own ? MakeBlock(block->shape, block->composed) : block);
  }
  tail_ = TailWeights(spec.classes, spec.dec3, spec.out);
}

// Packs one of a block's three parts: the first convolution, the other two, or the rest. Splitting
// the blocks into parts balances the load of the threads.
void PackedWeights::UpdateBlock(std::span<const float> weights, int block, int part) {
  BlockWeights& b = *blocks_[static_cast<size_t>(block)];
  const auto p = FindBlock(*layout_, weights, block);
  const int in = b.shape.in, out = b.shape.out;
  if (part == 0) {
    if (b.conv0_matrix.outputs > 0) {
      RepackMatrix(p.weight0, out, in, 3, 3, Taps33(), false, scratch_.SlotFloats(),
                   b.conv0_matrix);
    } else if (b.shape.stride == 1) {
      RepackWinograd(p.weight0, out, in, Taps33(), false, scratch_.SlotFloats(), b.conv0_fast);
    } else {
      Repack(p.weight0, out, in, 3, 3, Taps33(), false, b.conv0);
    }
  } else if (part == 1) {
    if (b.composed) {
      RepackComposed(p, b, scratch_);
    } else {
      Repack(p.weight2, out, out, 1, 3, Taps13(), false, b.conv2);
      Repack(p.weight3, out, out, 3, 1, Taps31(), false, b.conv3);
    }
  } else {
    CopyBias(p.bias0, b.bias0);
    if (!b.composed) {
      CopyBias(p.bias2, b.bias2);
      CopyBias(p.bias3, b.bias3);
      for (size_t c = 0; c < p.short_bias.size(); ++c) b.bias3[c] += p.short_bias[c];
    }
    b.scale.assign(p.scale.begin(), p.scale.end());
    b.shift.assign(p.shift.begin(), p.shift.end());
    if (b.short_matrix.outputs > 0) {
      RepackMatrix(p.short_weight, out, in, 1, 1, Taps11(), false, scratch_.SlotFloats(),
                   b.short_matrix);
    } else if (!b.shape.identity()) {
      Repack(p.short_weight, out, in, 1, 1, Taps11(), false, b.short_path);
    }
  }
}

void PackedWeights::Update(std::span<const float> weights, Stage first) {
  if (first <= Stage::kInConv2) {
    const auto part = [&](const char* name) { return Part(*layout_, weights, name); };
    stem_->Repack(part("in_conv1.weight"), part("in_conv1.bias"), part("in_conv2.weight"),
                  part("in_conv2.bias"));
  }
  int first_block = 0;
  while (first_block < blocks() && block(first_block).shape.stage < first) ++first_block;
  constexpr int kParts = 3;
  size_t working = 0;
  for (int i = first_block; i < blocks(); ++i) {
    const BlockWeights& b = block(i);
    working = std::max(
        working, b.composed ? ComposedFloats(b.shape) : PackedFloats(b.shape.out, b.shape.in, 9));
    if (b.shape.stride == 1 || b.conv0_matrix.outputs > 0) {
      working = std::max(working, PackedFloats(b.shape.out, b.shape.in, 9));
    }
  }
  scratch_.PrepareSlots(working);
  ParallelFor((blocks() - first_block) * kParts,
              [&](int task) { UpdateBlock(weights, first_block + task / kParts, task % kParts); });
  tail_.Compose(FindTail(*layout_, weights));
}

const std::vector<Tap>& Taps33() {
  static const std::vector<Tap> taps = ForwardTaps(3, 3);
  return taps;
}
const std::vector<Tap>& Taps13() {
  static const std::vector<Tap> taps = ForwardTaps(1, 3);
  return taps;
}
const std::vector<Tap>& Taps31() {
  static const std::vector<Tap> taps = ForwardTaps(3, 1);
  return taps;
}
const std::vector<Tap>& Taps11() {
  static const std::vector<Tap> taps = ForwardTaps(1, 1);
  return taps;
}
const std::vector<Tap>& MirroredTaps33() {
  static const std::vector<Tap> taps = BackwardTaps(3, 3);
  return taps;
}
const std::vector<Tap>& MirroredTaps13() {
  static const std::vector<Tap> taps = BackwardTaps(1, 3);
  return taps;
}
const std::vector<Tap>& MirroredTaps31() {
  static const std::vector<Tap> taps = BackwardTaps(3, 1);
  return taps;
}
const std::vector<Tap>& ParityTaps33(int parity_y, int parity_x) {
  static const std::vector<Tap> taps[4] = {
      BackwardTapsStride2(3, 3, 0, 0), BackwardTapsStride2(3, 3, 0, 1),
      BackwardTapsStride2(3, 3, 1, 0), BackwardTapsStride2(3, 3, 1, 1)};
  return taps[parity_y * 2 + parity_x];
}

}  // namespace shadowtutor::nn
