// The student's backward pass: gradients of the parameters from a cut on.
#ifndef SHADOWTUTOR_NN_BACKWARD_H_
#define SHADOWTUTOR_NN_BACKWARD_H_

#include <cstdint>
#include <span>

#include "nn/backward_weights.h"
#include "nn/backward_workspace.h"
#include "nn/forward.h"
#include "nn/kernels/loss.h"
#include "nn/packed_weights.h"

namespace shadowtutor::nn {

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
  const float* pixel_weight;  // null: all 1
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
