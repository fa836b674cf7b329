// The student's forward pass over a frame of one size (algorithm section 2).
#ifndef SHADOWTUTOR_NN_FORWARD_H_
#define SHADOWTUTOR_NN_FORWARD_H_

#include <memory>
#include <vector>

#include "nn/kernels/head.h"
#include "nn/kernels/norm.h"
#include "nn/kernels/resize.h"
#include "nn/kernels/stem.h"
#include "nn/kernels/tail.h"
#include "nn/kernels/tensor.h"
#include "nn/packed_weights.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// What a block computes on its way; `pre` is relu(norm(x)), `mid1` and `mid2` the outputs of the
/// long path's first two convolutions (`mid2` has no memory in blocks whose weights are composed).
struct BlockActivations {
  View x, pre, mid1, mid2, out;
  NormStatistics statistics;
};

/// The sides of every level: level 0 is the frame, level n + 1 half of level n, rounded up.
struct Levels {
  int height[6], width[6];
  explicit Levels(FrameSize frame);
};

/// Activations and plans for one frame size. Blocks from `keep_from` on have memory of their own
/// for every activation, as the backward pass needs; what the others compute on the way shares it.
class ForwardWorkspace {
 public:
  ForwardWorkspace(const NetworkSpec& spec, FrameSize frame, Stage keep_from);

  FrameSize frame;
  Levels levels;
  View stem;                  // in_conv2's output
  StemActivations stem_rows;  // in_conv1's, where kept
  View cat2, cat3;            // dec2's and dec3's inputs
  std::vector<BlockInfo> infos;
  std::vector<BlockActivations> blocks;  // one for each of `infos`
  ResizePlan dec1_up, dec2_up;
  TailPlan tail;
  HeadPlan head;
  Scratch scratch;

 private:
  View New(int channels, int level);
  std::vector<Tensor> tensors_;
};

/// Throws Error kInvalidArgument for an empty or oversized frame.
void CheckFrame(ImageView frame);

/// in_conv1 and in_conv2. `keep_rows` keeps in_conv1's output in the workspace.
void ForwardStem(const PackedWeights& weights, ImageView frame, ForwardWorkspace& workspace,
                 bool keep_rows);
/// One block, and the resize that follows the last of dec1 and dec2.
void ForwardBlock(const PackedWeights& weights, int block, ForwardWorkspace& workspace);

/// From dec3's output to labels, without keeping logits.
void ForwardLabels(const PackedWeights& weights, ForwardWorkspace& workspace, uint8_t* labels);
/// The same, keeping the logits at in_conv1's size.
void ForwardLogits(const PackedWeights& weights, ForwardWorkspace& workspace,
                   const LogitPlanes& logits, uint8_t* labels);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_FORWARD_H_
