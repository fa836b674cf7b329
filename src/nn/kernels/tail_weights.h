// The weights of the tail: all layers after dec3, composed into one.
//
// The tail is linear. It consists of a bilinear upsampling U to in_conv1's size, out_conv1,
// out_conv2, a bilinear upsampling to the frame's size, and out_conv3. out_conv3 is 1x1 and
// commutes with the last upsampling, so the three convolutions can be composed into one 5x5
// convolution T from dec3's channels to classes. U mixes pixels and each tap of T mixes channels,
// so the channels can be mixed first, at dec3's size:
//
//   Z[t] = T[t] dec3            for each of the 25 taps t, a 1x1 convolution at low resolution
//   logits(p) = sum over t of (U Z[t])(p + t) + bias(p)
//
// At 1280x720 this takes a seventh of the multiplications of the published order. It is correct for
// any two sizes, but for the frame's edge: out_conv2 pads out_conv1's output with zeros, while T
// would use the values of out_conv1 there. So for the outermost ring of pixels, corrections are
// added (the edge and corner maps in TailMaps).
#ifndef SHADOWTUTOR_NN_KERNELS_TAIL_WEIGHTS_H_
#define SHADOWTUTOR_NN_KERNELS_TAIL_WEIGHTS_H_

#include <span>
#include <vector>

#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

inline constexpr int kTailTaps = 5;                      // the taps of T on each axis
inline constexpr int kMainTaps = kTailTaps * kTailTaps;  // all taps of T

/// The parameters of out_conv1..3 with the checkpoint's shapes.
struct TailParameters {
  std::span<const float> weight1, bias1, weight2, bias2, weight3, bias3;
};
struct TailGradients {
  std::span<float> weight1, bias1, weight2, bias2, weight3, bias3;
};

/// The composed weights, or gradients with respect to them, as [tap][class][channel of dec3].
/// `main` has T's 25 taps in the order [ty][tx]. The corrections of the edges have 5 taps along the
/// edge, those of the corners have one.
struct TailMaps {  // NOLINT(bugprone-reserved-identifier): in the compiler's copy of the array
  Buffer main;
  Buffer top, bottom;  // [tx][class][channel]: corrections of the first and last row
  Buffer left, right;  // [ty][class][channel]: corrections of the first and last column
  Buffer corner[4];    // [class][channel]: top left, top right, bottom left, bottom right

  TailMaps() = default;
  TailMaps(int classes, int channels);
};

/// The number of kinds of rows (columns), by the frame's edges that they lie on: bit 0 for the
/// first row (column), bit 1 for the last.
inline constexpr int kEdgeKinds = 4;

class TailWeights {
 public:
  TailWeights() = default;
  TailWeights(int classes, int channels, int middle);

  /// Computes the members from the parameters.
  void Compose(const TailParameters& parameters);
  /// Computes the parameters' gradients from those of the maps and of the bias. `bias_gradient` is
  /// [9 taps of out_conv2][class]: the sums of the logits' gradient over the pixels at which that
  /// tap of out_conv2 reads inside the frame. For tap 4, the middle, these are all pixels.
  void Backward(const TailParameters& parameters, const TailMaps& gradient,
                std::span<const float> bias_gradient, const TailGradients& out,
                Scratch& scratch) const;

  int classes = 0;
  int channels = 0;  // of dec3
  int middle = 0;    // output channels of out_conv1 and out_conv2
  TailMaps maps;
  Buffer transposed;            // main as [channel][25 taps x class], for the gradient to dec3
  Buffer bias;                  // [kind of row][kind of column][class]
  bool on_matrix_unit = false;  // whether products with the maps are computed there (product.h)

 private:
  Buffer head_;      // out_conv2 and out_conv3 composed: [9][class][middle]
  Buffer first_;     // out_conv1's weights as [9][middle][channel]
  Buffer products_;  // head_ times first_: [9][9][class][channel]
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_TAIL_WEIGHTS_H_
