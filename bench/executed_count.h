// Counts the arithmetic that the engine really does; nn/operation_count.h counts that of the
// published network.
//
// It counts the multiply-adds of convolutions, of the tail's matrix products and of the
// interpolation that is fused with them, for the algorithm that the engine uses: 36 per tile and
// pair of channels for Winograd's filtering, without its transforms. It does not count norms,
// activations, the head, Adam, what neighbouring strips compute twice, and vector lanes without a
// channel. So a share of the machine's peak is rather too low than too high.
#ifndef SHADOWTUTOR_BENCH_EXECUTED_COUNT_H_
#define SHADOWTUTOR_BENCH_EXECUTED_COUNT_H_

#include "nn/arithmetic.h"
#include "nn/forward.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::bench {

/// A 3x3 convolution of stride 1 by Winograd's filtering, where all tiles are complete.
double WinogradMultiplyAdds(int in, int out, int height, int width);

/// in_conv1 and in_conv2 as one convolution, forward or the gradient of its weights.
double ComposedStemMultiplyAdds(const nn::NetworkSpec& spec, const nn::Levels& levels);

/// dec3's output to logits at in_conv1's size (kernels/tail.h), and its gradient.
double TailMultiplyAdds(const nn::NetworkSpec& spec, const nn::Levels& levels);
double TailBackwardMultiplyAdds(const nn::NetworkSpec& spec, const nn::Levels& levels);

/// One prediction.
double ExecutedInference(const nn::NetworkSpec& spec, FrameSize frame);
/// One distillation step of the stages from `cut` on: backward pass and next forward pass. What
/// lies before the cut is kept and not computed again.
double ExecutedStep(const nn::NetworkSpec& spec, FrameSize frame, nn::Stage cut,
                    nn::Arithmetic arithmetic);

/// The same step of the published network, layer by layer: the whole forward pass, and for every
/// trained layer the gradients of weights and of input, each of which takes as many multiply-adds
/// as the layer's forward pass.
double PublishedStep(const nn::NetworkSpec& spec, FrameSize frame, nn::Stage cut);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_EXECUTED_COUNT_H_
