// The student's backward pass: gradients of the parameters from a cut on.
#ifndef SHADOWTUTOR_NN_BACKWARD_H_
#define SHADOWTUTOR_NN_BACKWARD_H_

#include <span>
#include <vector>

#include "nn/backward_weights.h"
#include "nn/forward.h"
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

/// The backward pass, after a forward pass that kept its activations and logits. Returns the loss
/// (see SegmentationLoss). `gradient` has layout.size() floats; those of the stages from `cut`
/// on get the gradient, the others stay as they are. `label` and `pixel_weight` have one entry per
/// pixel of the frame, row by row.
double Backward(const PackedWeights& weights, std::span<const float> flat_weights,
                std::span<const BlockBackwardWeights> transposed, Stage cut, ImageView frame,
                ForwardWorkspace& forward, const LogitPlanes& logits, const uint8_t* label,
                const float* pixel_weight, float jaccard_weight, PixelSample sample,
                BackwardWorkspace& workspace, std::span<float> gradient);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_BACKWARD_H_
