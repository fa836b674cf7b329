// Algorithm 2: how many frames lie between key frames (algorithm section 4).
#ifndef SHADOWTUTOR_DISTILL_KEY_FRAME_STRIDE_H_
#define SHADOWTUTOR_DISTILL_KEY_FRAME_STRIDE_H_

namespace shadowtutor::distill {

struct StrideOptions {
  double threshold = 0.8;  // THRESHOLD of the paper: the metric at which the stride stays the same
  int min_stride = 8;      // in frames
  int max_stride = 64;     // in frames
};

/// Throws Error kInvalidArgument unless 0 < threshold < 1 and 1 <= min_stride <= max_stride.
void Validate(const StrideOptions& options);

/// The paper's NextStride: the new stride in frames, from the present one and the last key frame's
/// metric (mIoU, 0..1). Always within [min_stride, max_stride]. Thread safety: any thread.
int NextStride(int stride, double metric, const StrideOptions& options);

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_KEY_FRAME_STRIDE_H_
