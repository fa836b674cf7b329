// Weights in the order that the kernels read them.
#ifndef SHADOWTUTOR_NN_PACKED_WEIGHTS_H_
#define SHADOWTUTOR_NN_PACKED_WEIGHTS_H_

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "nn/kernels/conv.h"
#include "nn/kernels/stem.h"
#include "nn/kernels/tail_weights.h"
#include "nn/kernels/winograd.h"
#include "nn/network.h"

namespace shadowtutor::nn {

/// Where a block's parameters lie in the flat vector; `short_*` are empty where the shortcut is x.
template <typename T>
struct BlockParameters {
  std::span<T> scale, shift;
  std::span<T> short_weight, short_bias;
  std::span<T> weight0, bias0, weight2, bias2, weight3, bias3;
};
template <typename T>
BlockParameters<T> FindBlock(const NetworkLayout& layout, std::span<T> all, int block);

/// Of out_conv1..3.
TailParameters FindTail(const NetworkLayout& layout, std::span<const float> all);
TailGradients FindTail(const NetworkLayout& layout, std::span<float> all);

/// A block's forward kernels. The long path's last two convolutions, 1x3 and 3x1, have nothing
/// between them: where nobody needs what lies there (it is not trained), they are `composed` into
/// one 3x3 convolution, which Winograd's filtering computes with fewer multiplications than the
/// two.
struct BlockWeights {
  BlockInfo shape;
  bool composed = false;
  PackedConv short_path;
  PackedConv conv0;         // at stride 2
  WinogradConv conv0_fast;  // at stride 1
  PackedConv conv2, conv3;  // not composed
  WinogradConv long_fast;   // composed
  Buffer bias0, bias2;
  /// The last convolution's, the shortcut's added; composed: one set for each kind of row, because
  /// the 3x1 convolution sees zeros above and below the 1x3 convolution's output.
  Buffer bias3;
  std::vector<float> scale, shift;
};

/// For the gradient to a block's input: transposed kernels.
struct BlockBackwardWeights {
  PackedConv short_path, conv2, conv3;
  WinogradConv conv0_fast;          // at stride 1
  std::array<PackedConv, 4> conv0;  // at stride 2, by parity of row and column
};

class PackedWeights {
 public:
  /// Blocks from `first_separate` on keep what lies between their last two convolutions.
  PackedWeights(std::shared_ptr<const NetworkLayout> layout, Stage first_separate);
  /// Shares the stages before `first_own` with `base`, and has the rest anew, to be packed.
  PackedWeights(const PackedWeights& base, Stage first_own);
  /// Packs the stages from `first` on again.
  void Update(std::span<const float> weights, Stage first);
  /// Frees what only Update needs, in weights that will not be updated again.
  void ReleaseScratch() { scratch_ = Scratch(); }

  const std::shared_ptr<const NetworkLayout>& layout() const { return layout_; }
  const NetworkSpec& spec() const { return layout_->spec(); }
  const StemWeights& stem() const { return *stem_; }
  /// As NetworkLayout::blocks() has them.
  int blocks() const { return static_cast<int>(blocks_.size()); }
  const BlockWeights& block(int i) const { return *blocks_[static_cast<size_t>(i)]; }
  const TailWeights& tail() const { return tail_; }

 private:
  void UpdateBlock(std::span<const float> weights, int block, int part);

  std::shared_ptr<const NetworkLayout> layout_;
  std::shared_ptr<StemWeights> stem_;
  std::vector<std::shared_ptr<BlockWeights>> blocks_;
  TailWeights tail_;
  Scratch scratch_;
};

BlockBackwardWeights MakeBackwardWeights(const BlockInfo& shape);
void Repack(const NetworkLayout& layout, std::span<const float> weights, int block,
            BlockBackwardWeights& packed, Scratch& scratch);

/// The taps of the convolutions that the network has.
const std::vector<Tap>& Taps33();
const std::vector<Tap>& Taps13();
const std::vector<Tap>& Taps31();
const std::vector<Tap>& Taps11();
/// Mirrored, for gradients; at stride 2 by parity.
const std::vector<Tap>& MirroredTaps33();
const std::vector<Tap>& MirroredTaps13();
const std::vector<Tap>& MirroredTaps31();
const std::vector<Tap>& ParityTaps33(int parity_y, int parity_x);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_PACKED_WEIGHTS_H_
