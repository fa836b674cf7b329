// The student's backward pass: gradients of the parameters from a cut on.
#ifndef SHADOWTUTOR_NN_BACKWARD_H_
#define SHADOWTUTOR_NN_BACKWARD_H_

#include <span>
#include <vector>

#include "nn/forward.h"
#include "nn/packed_weights.h"

namespace shadowtutor::nn {

/// Gradients of activations for one frame size and cut; only what that cut needs has memory.
class BackwardWorkspace {
 public:
  BackwardWorkspace(const NetworkSpec& spec, const Levels& levels, Stage cut);

  Buffer logits_floats;
  LogitPlanes logits;  // gradient with regard to the logits at in_conv1's size
  TailMaps tail_maps;
  std::vector<float> tail_bias;
  struct Block {
    View pre, mid1, mid2;  // gradients of BlockActivations' members
    View out;              // of the output, before the resize that follows dec1 and dec2
    View x;                // of the part of the input that somebody trained stands behind; data
                           // null: nobody does
  };
  std::vector<Block> blocks;

 private:
  std::vector<Tensor> tensors_;
};

/// After a forward pass that kept its activations and logits: the loss (see WeightedCrossEntropy),
/// and in `gradient` (all of the network's parameters) its gradient for the stages from `cut` on;
/// the rest is left as it was.
double Backward(const PackedWeights& weights, std::span<const float> flat_weights,
                std::span<const BlockBackwardWeights> transposed, Stage cut, ImageView frame,
                ForwardWorkspace& forward, const LogitPlanes& logits, const uint8_t* label,
                const float* pixel_weight, BackwardWorkspace& workspace, std::span<float> gradient);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_BACKWARD_H_
