// Weights in the order in which the kernels of the forward pass read them. Internal to nn/.
#ifndef SHADOWTUTOR_NN_PACKED_WEIGHTS_H_
#define SHADOWTUTOR_NN_PACKED_WEIGHTS_H_

#include <memory>
#include <span>
#include <vector>

#include "nn/arithmetic.h"
#include "nn/kernels/conv.h"
#include "nn/kernels/matrix_conv.h"
#include "nn/kernels/stem.h"
#include "nn/kernels/tail_weights.h"
#include "nn/kernels/winograd.h"
#include "nn/network.h"

namespace shadowtutor::nn {

/// A block's parameters within the flat vector. `short_*` are empty in blocks whose shortcut has no
/// convolution.
template <typename T>
struct BlockParameters {
  std::span<T> scale, shift;
  std::span<T> short_weight, short_bias;
  std::span<T> weight0, bias0, weight2, bias2, weight3, bias3;
};
template <typename T>
BlockParameters<T> FindBlock(const NetworkLayout& layout, std::span<T> all, int block);

/// The parameters of out_conv1..3 within the flat vector.
TailParameters FindTail(const NetworkLayout& layout, std::span<const float> all);
TailGradients FindTail(const NetworkLayout& layout, std::span<float> all);

/// A block's weights for the forward pass. There is no non-linearity between the last two
/// convolutions of the long path, 1x3 and 3x1. So unless training needs the activation between
/// them, they are `composed` into one 3x3 convolution, which Winograd's filtering computes with
/// fewer multiplications.
struct BlockWeights {
  BlockInfo shape;
  bool composed = false;
  PackedConv short_path;
  PackedConv conv0;         // used if the block's stride is 2
  WinogradConv conv0_fast;  // used if it is 1
  PackedConv conv2, conv3;  // if not composed
  WinogradConv long_fast;   // if composed
  /// On the matrix unit, in place of the above: short_path, conv0 and the composed end of the long
  /// path.
  MatrixConv short_matrix, conv0_matrix, long_matrix;
  /// In fast arithmetic, of blocks whose gradients are wanted: the composed convolution as
  /// [out][in][3][3].
  Buffer long_kernel;
  Buffer bias0, bias2;
  /// The bias of the last convolution plus that of the shortcut. If composed, there is one bias for
  /// each kind of row (WinogradExtras::bias), because the 3x1 convolution sees zeros above and
  /// below the output of the 1x3 convolution.
  Buffer bias3;
  std::vector<float> scale, shift;
};

/// The packed weights of a student.
///
/// Thread safety: Update and ReleaseScratch need the object to themselves; the others any thread.
class PackedWeights {
 public:
  /// Allocates the memory; call Update to fill it. The blocks of the stages before `first_separate`
  /// are composed (see BlockWeights). In fast arithmetic all are, for the matrix unit if there is
  /// one, and `first_separate` is the first stage whose gradients are wanted.
  PackedWeights(std::shared_ptr<const NetworkLayout> layout, Stage first_separate,
                Arithmetic arithmetic = Arithmetic::kReference);
  /// Shares the stages before `first_own` with `base` and allocates new memory for the others; call
  /// Update to fill it.
  PackedWeights(const PackedWeights& base, Stage first_own);
  /// Packs the stages from `first` on. `weights` holds all of the network's floats.
  void Update(std::span<const float> weights, Stage first);
  /// Frees the working memory of Update. Call it when there will be no further update.
  void ReleaseScratch() { scratch_ = Scratch(); }

  const std::shared_ptr<const NetworkLayout>& layout() const { return layout_; }
  const NetworkSpec& spec() const { return layout_->spec(); }
  const StemWeights& stem() const { return *stem_; }
  /// The number of blocks; their order is that of NetworkLayout::blocks().
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

/// The taps of the network's convolutions (see kernels/conv.h).
const std::vector<Tap>& Taps33();
const std::vector<Tap>& Taps13();
const std::vector<Tap>& Taps31();
const std::vector<Tap>& Taps11();
/// The taps for gradients: mirrored at stride 1, and by the pixel's parity at stride 2.
const std::vector<Tap>& MirroredTaps33();
const std::vector<Tap>& MirroredTaps13();
const std::vector<Tap>& MirroredTaps31();
const std::vector<Tap>& ParityTaps33(int parity_y, int parity_x);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_PACKED_WEIGHTS_H_
