// The linear tail of the network, composed.
//
// Nothing after dec3 is non-linear: bilinear upsampling U to in_conv1's size, out_conv1, out_conv2,
// bilinear upsampling to the frame, out_conv3. out_conv3 is 1x1 and commutes with the last
// upsampling, and the three convolutions are one 5x5 convolution T from dec3's channels to classes.
// U mixes pixels and T mixes channels, so T's channel mixing can be done first, at dec3's size:
//
//   Z[t] = T[t] dec3            for each of the 25 taps t, a 1x1 convolution at low resolution
//   logits(p) = sum over t of (U Z[t])(p + t) + bias(p)
//
// which takes a seventh of the multiplications of the published order at 1280x720 and holds for any
// two sizes. out_conv2 sees zeros around out_conv1's output, not out_conv1 of zeros; so on the
// outermost ring of pixels the taps that pass through there are taken back (`Edge` weights).
#ifndef SHADOWTUTOR_NN_KERNELS_TAIL_WEIGHTS_H_
#define SHADOWTUTOR_NN_KERNELS_TAIL_WEIGHTS_H_

#include <span>
#include <vector>

#include "nn/kernels/scratch.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

inline constexpr int kTailTaps = 5;  // on each axis

/// Parameters of out_conv1..3 as in the checkpoint.
struct TailParameters {
  std::span<const float> weight1, bias1, weight2, bias2, weight3, bias3;
};
struct TailGradients {
  std::span<float> weight1, bias1, weight2, bias2, weight3, bias3;
};

/// [tap][class][channel of dec3] weights of one family of taps, or gradients with regard to them.
/// `main` has 25 taps in [ty][tx] order; the edges have 5 along the edge, the corners one.
struct TailMaps {
  Buffer main;
  Buffer top, bottom;  // [tx][class][channel]: added to logits of the first and last row
  Buffer left, right;  // [ty][class][channel]: of the first and last column
  Buffer corner[4];    // [class][channel]: top left, top right, bottom left, bottom right

  TailMaps() = default;
  TailMaps(int classes, int channels);
};

/// Which edges of the frame a pixel lies on, as bits: 1 first row (column), 2 last row (column).
inline constexpr int kEdgeKinds = 4;

class TailWeights {
 public:
  TailWeights() = default;
  TailWeights(int classes, int channels, int middle);

  void Compose(const TailParameters& parameters);
  /// Gradients of the parameters from those of the maps and of the bias: `bias_gradient` is
  /// [9 taps of out_conv2][class], the sum of the logits' gradient over the pixels where that tap
  /// of out_conv2 reads inside the frame; tap 4, the middle, is the sum over all pixels.
  void Backward(const TailParameters& parameters, const TailMaps& gradient,
                std::span<const float> bias_gradient, const TailGradients& out,
                Scratch& scratch) const;

  int classes = 0;
  int channels = 0;  // of dec3
  int middle = 0;    // of out_conv1 and out_conv2
  TailMaps maps;
  Buffer transposed;  // main as [channel][25 taps x class], for the gradient to dec3
  Buffer bias;        // [row's edges][column's edges][class]

 private:
  Buffer head_;      // out_conv3 after out_conv2: [9][class][middle]
  Buffer first_;     // out_conv1's weights as [9][middle][channel]
  Buffer products_;  // head_ times first_: [9][9][class][channel]
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_TAIL_WEIGHTS_H_
