// Algorithm 2: how far the next key frame lies (algorithm section 4).
#ifndef SHADOWTUTOR_DISTILL_KEY_FRAME_STRIDE_H_
#define SHADOWTUTOR_DISTILL_KEY_FRAME_STRIDE_H_

namespace shadowtutor::distill {

struct StrideOptions {
  double threshold = 0.8;
  int min_stride = 8;
  int max_stride = 64;
};

/// Throws Error kInvalidArgument unless 0 < threshold < 1 and 1 <= min_stride <= max_stride.
void Validate(const StrideOptions& options);

/// NextStride of the paper: the stride after a key frame whose metric (mIoU, 0..1) was `metric`.
int NextStride(int stride, double metric, const StrideOptions& options);

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_KEY_FRAME_STRIDE_H_
