// What a learner puts aside of a frame while it trains on another one, so that it need not run the
// frozen stages again when it comes back. Internal to nn/.
#ifndef SHADOWTUTOR_NN_HELD_FRAME_H_
#define SHADOWTUTOR_NN_HELD_FRAME_H_

#include <array>

#include "nn/forward.h"
#include "nn/kernels/tensor.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// The outputs of frozen stages that the stages from `cut` on read. Those at the end have no
/// channels. With a cut at the stem, which then runs anew for each step, there are none.
std::array<View, 3> FrozenOutputs(const ForwardWorkspace& forward, Stage cut);

/// Memory for the frozen outputs of one frame, allocated when it is first used.
struct HeldFrame {
  FrameSize size;
  Image frame;  // empty if the stem is frozen
  Buffer floats;

  /// Copies the outputs to this memory.
  void CopyFrom(const ForwardWorkspace& forward, Stage cut);
  /// Copies them back to the workspace, which is laid out as it was when they were copied.
  void CopyTo(const ForwardWorkspace& forward, Stage cut) const;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_HELD_FRAME_H_
