// How much arithmetic the engine really does, beside nn/operation_count.h's of the published
// network.
//
// Counted are the multiply-adds of convolutions, of the tail's matrix products and of the
// interpolation that they are interwoven with, as the chosen algorithm needs them: 36 per tile and
// channel pair for Winograd's filtering, its transforms not counted. Norms, activations, the head,
// Adam and what neighbouring strips compute twice are not counted, nor are lanes that hold no
// channel; so a share of the machine's peak comes out too low rather than too high.
#ifndef SHADOWTUTOR_BENCH_EXECUTED_COUNT_H_
#define SHADOWTUTOR_BENCH_EXECUTED_COUNT_H_

#include "nn/forward.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::bench {

/// A 3x3 convolution of stride 1 by Winograd's filtering, all tiles whole.
double WinogradMultiplyAdds(int in, int out, int height, int width);

/// dec3's output to logits at in_conv1's size (kernels/tail.h), and its gradient.
double TailMultiplyAdds(const nn::NetworkSpec& spec, const nn::Levels& levels);
double TailBackwardMultiplyAdds(const nn::NetworkSpec& spec, const nn::Levels& levels);

/// One prediction.
double ExecutedInference(const nn::NetworkSpec& spec, FrameSize frame);
/// One distillation step of the stages from `cut` on: backward pass and next forward pass, what
/// lies before the cut kept from before.
double ExecutedStep(const nn::NetworkSpec& spec, FrameSize frame, nn::Stage cut);

/// The same step of the published network, layer by layer: the whole forward pass, and for every
/// trained layer the gradients of weights and of input, each as many multiply-adds as that layer
/// forward.
double PublishedStep(const nn::NetworkSpec& spec, FrameSize frame, nn::Stage cut);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_EXECUTED_COUNT_H_
