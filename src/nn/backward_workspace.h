// The memory of the backward pass. Internal to nn/.
#ifndef SHADOWTUTOR_NN_BACKWARD_WORKSPACE_H_
#define SHADOWTUTOR_NN_BACKWARD_WORKSPACE_H_

#include <vector>

#include "nn/arithmetic.h"
#include "nn/forward.h"
#include "nn/kernels/tail_weights.h"
#include "nn/kernels/tensor.h"
#include "nn/network.h"

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

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_BACKWARD_WORKSPACE_H_
