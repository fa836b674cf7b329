// The weights of the stem as one convolution.
//
// Nothing lies between in_conv1 and in_conv2, two 3x3 convolutions of stride 2, so they are one 7x7
// convolution of stride 4 from B, G and R to in_conv2's channels: tap r2 of in_conv2 and tap r1 of
// in_conv1 meet in row k = 2 r2 + r1 of its kernel, and row y of its output reads row 4 y - 3 + k
// of the frame through it. It takes fewer multiplications than the two, and in_conv1's output needs
// no memory. It is correct for any size of the frame, but for the edges, since in_conv2 pads
// in_conv1's output with zeros:
//
// * Where in_conv2 reads the row above in_conv1's output, which holds padding, the composed
//   convolution would add in_conv1's bias. The same holds for the row below, which is read if
//   in_conv1's output has an odd number of rows. So the bias depends on the edges that an output
//   row lies on.
// * That row below would also see the frame's last row, if the frame has 4 n + 2 rows. Only the
//   last row of the output reads that row of the frame, and only through row 4 of the kernel. So
//   there, row 4 is exchanged for one without in_conv2's last tap (kStemEdgeTap).
//
// Columns are as rows.
#ifndef SHADOWTUTOR_NN_KERNELS_STEM_COMPOSITION_H_
#define SHADOWTUTOR_NN_KERNELS_STEM_COMPOSITION_H_

#include <cstddef>
#include <span>

#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// The rows (columns) of the kernel.
inline constexpr int kStemTaps = 7;
/// The index of what stands for row (column) kStemEdgeReplaced of the kernel where the last row
/// (column) of a frame with 4 n + 2 of them is read.
inline constexpr int kStemEdgeTap = 7, kStemEdgeReplaced = 4;
/// All of them.
inline constexpr int kStemTapKinds = 8;
/// The number of weights in one row of the kernel for one output channel: [column:
/// kStemTapKinds][B, G, R].
inline constexpr int kStemRowWeights = 3 * kStemTapKinds;
/// The kinds of output rows (columns): bit 0 for the first row (column), bit 1 for the last, if
/// in_conv2 reads padding below (to the right of) it.
inline constexpr int kStemEdgeKinds = 4;
/// True if tap 0, 1 or 2 of in_conv2 reads padding in output rows (columns) of this kind.
constexpr bool ReadsStemPadding(int kind, int tap) {
  return (tap == 0 && (kind & 1) != 0) || (tap == 2 && (kind & 2) != 0);
}
/// The most channels that in_conv1 and in_conv2 have.
inline constexpr int kMaxStemChannels = 16;

/// The parameters of in_conv1 and in_conv2 with the checkpoint's shapes.
struct StemParameters {
  std::span<const float> weight1, bias1, weight2, bias2;
};
/// Their gradients. Those of in_conv1 are empty when it is frozen.
struct StemGradients {
  std::span<float> weight1, bias1, weight2, bias2;
};

/// The composed convolution.
struct ComposedStem {
  int channels = 0;  // of in_conv2
  Buffer weights;    // [row: kStemTapKinds][column: kStemTapKinds][B, G, R][channel]
  Buffer bias;       // [kind of row][kind of column][channel]

  ComposedStem() = default;
  explicit ComposedStem(int channels);
  /// Computes the weights and the bias. Allocates nothing.
  void Compose(const StemParameters& parameters);
};

/// Overwrites the gradients of the parameters. `weight_gradient` is the gradient with respect to
/// ComposedStem::weights. `bias_gradient` holds the sums of the output's gradient over the pixels
/// at which a tap of in_conv2 reads inside in_conv1's output: [row of in_conv2's
/// kernel][column][channel]. For its middle tap these are all pixels.
void StemParameterGradients(const StemParameters& parameters,
                            std::span<const float> weight_gradient,
                            std::span<const float> bias_gradient, const StemGradients& gradients);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_STEM_COMPOSITION_H_
