// The student's backward pass: gradients of the parameters from a cut on.
#ifndef SHADOWTUTOR_NN_BACKWARD_H_
#define SHADOWTUTOR_NN_BACKWARD_H_

#include <span>
#include <vector>

#include "nn/backward_weights.h"
#include "nn/forward.h"
#include "nn/kernels/loss.h"
#include "nn/kernels/loss.h"
#include "nn/packed_weights.h"

namespace shadowtutor::nn {

/// The memory for gradients of activations, for one frame size and cut. Activations that the cut
/// needs no gradient of have none.
///
/// Thread safety: in use by one backward pass at a time.
class BackwardWorkspace {
 public:
  BackwardWorkspace(const NetworkSpec& spec, const Levels& levels, Stage cut,
                    Arithmetic arithmetic = Arithmetic::kReference);

  Buffer logits_floats;
  LogitPlanes logits;  // gradient with respect to the logits at in_conv1's size
  TailMaps tail_maps;
  std::vector<float> tail_bias;
  struct Block {
    View pre, mid1, mid2;  // gradients with respect to the members of BlockActivations
    View out;              // with respect to the output, before the resize after dec1 and dec2
    View x;                // with respect to those input channels that trained stages compute; its
                           // data is null when there are none
  };
  std::vector<Block> blocks;

 private:
  std::vector<Tensor> tensors_;
};

/// A student's weights in all forms that the backward pass reads.
struct StudentWeights {
  const PackedWeights& packed;
  std::span<const float> flat;                       // layout.size() floats
  std::span<const BlockBackwardWeights> transposed;  // one per block
  Arithmetic arithmetic = Arithmetic::kReference;    // which all of them are packed for
};

/// What a frame's prediction is compared with: one entry per pixel, row by row.
struct Truth {
  const uint8_t* label;
  const float* pixel_weight;
  float jaccard_weight = 0;
  PixelSample sample = {};  // the pixels to compare
};

/// The backward pass, after a forward pass that kept its activations and logits. Returns the loss
/// (see SegmentationLoss). `gradient` has layout.size() floats; those of the stages from `cut`
/// on get the gradient, the others stay as they are.
double Backward(const StudentWeights& weights, Stage cut, ImageView frame, const Truth& truth,
                ForwardWorkspace& forward, const LogitPlanes& logits, BackwardWorkspace& workspace,
                std::span<float> gradient);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_BACKWARD_H_
