// The stem: in_conv1 and in_conv2, applied to BGR bytes (algorithm section 2), and their gradients.
//
// With three and eight channels, most of a 16-channel block would be empty. So the stem does not
// use blocks; its vectors hold neighbouring columns. A row is stored as one float array per
// channel, with even and odd columns in separate parts, which is how a stride of 2 reads them.
#ifndef SHADOWTUTOR_NN_KERNELS_STEM_H_
#define SHADOWTUTOR_NN_KERNELS_STEM_H_

#include <span>

#include "nn/kernels/scratch.h"
#include "nn/kernels/stem_composition.h"
#include "nn/kernels/tensor.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// Subtracted from the B, G and R values. The padding is 0 after the subtraction.
inline constexpr float kMeanBgr[3] = {103.530f, 116.280f, 123.675f};

/// Packed weights of both convolutions, one by one and composed.
class StemWeights {
 public:
  StemWeights() = default;
  StemWeights(int channels1, int channels2);
  /// Packs parameters with the checkpoint's shapes: weights [out][in][3][3], biases [out].
  void Repack(std::span<const float> weight1, std::span<const float> bias1,
              std::span<const float> weight2, std::span<const float> bias2);

  int channels1 = 0, channels2 = 0;
  Buffer packed1, packed2;  // [group of 8 outputs][input][row][column][8]
  Buffer bias1, bias2;      // rounded up to groups of 8
  ComposedStem composed;
};

/// in_conv1's output, kept for the gradient: [row][channel][even, odd][SplitRowFloats].
struct StemActivations {
  Buffer rows;
  int height = 0, width = 0;
};

/// The number of floats before the first column of such a row, and after its last vector.
inline constexpr int kSplitRowMargin = 16;
/// The number of floats for the even (or the odd) columns of one channel of a row from which
/// `outputs` output columns are computed.
constexpr size_t SplitRowFloats(int outputs) {
  return 2 * kSplitRowMargin + (static_cast<size_t>(outputs) + 31) / 32 * 32;
}

/// Writes in_conv2's output to `out`, which has weights.channels2 channels and the sides of the
/// frame halved twice, rounded up each time. If `keep` is not null, it gets in_conv1's output.
void StemForward(const StemWeights& weights, ImageView frame, const View& out,
                 StemActivations* keep, Scratch& scratch);

/// Overwrites the gradients of the stem's parameters from `out_gradient`, the gradient with respect
/// to in_conv2's output. `weight1_gradient` and `bias1_gradient` are empty when in_conv1 is frozen.
void StemBackward(const StemWeights& weights, ImageView frame, const StemActivations& kept,
                  const View& out_gradient, std::span<const float> weight2_oihw,
                  std::span<float> weight1_gradient, std::span<float> bias1_gradient,
                  std::span<float> weight2_gradient, std::span<float> bias2_gradient,
                  Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_STEM_H_
