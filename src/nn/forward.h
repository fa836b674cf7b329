// The student's forward pass over a frame of one size (algorithm section 2).
#ifndef SHADOWTUTOR_NN_FORWARD_H_
#define SHADOWTUTOR_NN_FORWARD_H_

#include <memory>
#include <vector>

#include "nn/arithmetic.h"
#include "nn/kernels/head.h"
#include "nn/kernels/norm.h"
#include "nn/kernels/resize.h"
#include "nn/kernels/stem.h"
#include "nn/kernels/tail.h"
#include "nn/kernels/tensor.h"
#include "nn/packed_weights.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// The activations of a block: its input `x`, `pre` = relu(norm(x)), the outputs `mid1` and `mid2`
/// of the first two convolutions of the long path, and its output. `mid2` has no memory in blocks
/// whose weights are composed, `pre` in trained blocks on the matrix unit.
struct BlockActivations {
  View x, pre, mid1, mid2, out;
  NormStatistics statistics;
};

/// The height and width of every level of resolution: level 0 is the frame, level n + 1 has half
/// the sides of level n, rounded up.
struct Levels {
  int height[6], width[6];
  explicit Levels(FrameSize frame);
};

/// The activations and plans of a forward pass for one frame size. Blocks of the stages from
/// `keep_from` on have separate memory for every activation that the backward pass of this
/// arithmetic needs; the blocks before share memory for their intermediate activations.
///
/// Thread safety: in use by one pass at a time.
class ForwardWorkspace {
 public:
  ForwardWorkspace(const NetworkSpec& spec, FrameSize frame, Stage keep_from,
                   Arithmetic arithmetic = Arithmetic::kReference);

  FrameSize frame;
  Levels levels;
  View stem;                  // in_conv2's output
  StemActivations stem_rows;  // in_conv1's output, if it is kept
  View cat2, cat3;            // the inputs of dec2 and dec3
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

/// Runs in_conv1 and in_conv2. With `keep_rows`, in_conv1's output stays in the workspace.
void ForwardStem(const PackedWeights& weights, ImageView frame, ForwardWorkspace& workspace,
                 bool keep_rows);
/// The same as one convolution, whose sums have another order. It leaves in_conv1's output alone.
void ForwardComposedStem(const PackedWeights& weights, ImageView frame,
                         ForwardWorkspace& workspace);
/// Runs one block, and after the last block of dec1 or dec2 the resize that follows.
void ForwardBlock(const PackedWeights& weights, int block, ForwardWorkspace& workspace);

/// Computes the labels (one per pixel of the frame) from dec3's output. Keeps no logits.
void ForwardLabels(const PackedWeights& weights, ForwardWorkspace& workspace, uint8_t* labels);
/// Writes the logits at in_conv1's size to `logits`.
void ForwardLogits(const PackedWeights& weights, ForwardWorkspace& workspace,
                   const LogitPlanes& logits);
/// The labels of these logits, as ForwardLabels computes them.
void LabelsOf(const LogitPlanes& logits, ForwardWorkspace& workspace, uint8_t* labels);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_FORWARD_H_
