// The stem as one convolution (stem_composition.h): the sums of StemForward and StemBackward in
// another order, with fewer multiplications.
#ifndef SHADOWTUTOR_NN_KERNELS_STEM_COMPOSED_H_
#define SHADOWTUTOR_NN_KERNELS_STEM_COMPOSED_H_

#include "nn/kernels/scratch.h"
#include "nn/kernels/stem_composition.h"
#include "nn/kernels/tensor.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// Writes in_conv2's output to `out`, which has weights.channels channels and the sides of the
/// frame halved twice, rounded up each time. The frame is not empty.
void StemForwardComposed(const ComposedStem& weights, ImageView frame, const View& out,
                         Scratch& scratch);

/// Overwrites the gradients of the stem's parameters from `out_gradient`, the gradient with respect
/// to in_conv2's output. It reads nothing that a forward pass leaves. Those of in_conv1 are left
/// out if `gradients.weight1` and `gradients.bias1` are empty.
void StemBackwardComposed(const StemParameters& parameters, ImageView frame,
                          const View& out_gradient, const StemGradients& gradients,
                          Scratch& scratch);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_STEM_COMPOSED_H_
