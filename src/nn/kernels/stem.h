// The stem: BGR bytes through in_conv1 and in_conv2 (algorithm section 2), forward and gradient.
//
// Three and eight channels would leave most of a 16-channel block empty, so here vectors run along
// the row instead: a row is one float array per channel, its even and odd columns apart, which is
// how a stride of 2 wants to read it.
#ifndef SHADOWTUTOR_NN_KERNELS_STEM_H_
#define SHADOWTUTOR_NN_KERNELS_STEM_H_

#include <span>

#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// Subtracted from B, G, R; the padding is 0 after that.
inline constexpr float kMeanBgr[3] = {103.530f, 116.280f, 123.675f};

/// Packed weights of both convolutions.
class StemWeights {
 public:
  StemWeights() = default;
  StemWeights(int channels1, int channels2);
  /// Parameters as in the checkpoint, [out][in][3][3] and [out].
  void Repack(std::span<const float> weight1, std::span<const float> bias1,
              std::span<const float> weight2, std::span<const float> bias2);

  int channels1 = 0, channels2 = 0;
  Buffer packed1, packed2;  // [group of 8 outputs][input][row][column][8]
  Buffer bias1, bias2;      // whole groups
};

/// Rows of in_conv1's output, kept for the gradient: [row][channel][even, odd][SplitRowFloats].
struct StemActivations {
  Buffer rows;
  int height = 0, width = 0;
};

/// Floats before the first column of such a row, and after its last (whole vectors of) columns.
inline constexpr int kSplitRowMargin = 16;
/// Floats of one channel's even (or odd) columns of a row that `outputs` columns are computed from.
constexpr size_t SplitRowFloats(int outputs) {
  return 2 * kSplitRowMargin + (static_cast<size_t>(outputs) + 31) / 32 * 32;
}

/// in_conv2's output into `out` (weights.channels2 channels, half the half of the frame, rounded
/// up). `keep`, where not null, gets in_conv1's output.
void StemForward(const StemWeights& weights, ImageView frame, const View& out,
                 StemActivations* keep, Scratch& scratch);

/// Gradients from that to in_conv2's output. `weight1` and `bias1` are empty when in_conv1 is
/// frozen.
void StemBackward(const StemWeights& weights, ImageView frame, const StemActivations& kept,
                  const View& out_gradient, std::span<const float> weight2_oihw,
                  std::span<float> weight1_gradient, std::span<float> bias1_gradient,
                  std::span<float> weight2_gradient, std::span<float> bias2_gradient,
                  Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_STEM_H_
