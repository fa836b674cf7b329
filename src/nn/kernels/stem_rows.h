// Rows in the layout that the stem's forward and backward pass read. Internal to the stem.
#ifndef SHADOWTUTOR_NN_KERNELS_STEM_ROWS_H_
#define SHADOWTUTOR_NN_KERNELS_STEM_ROWS_H_

#include <cstddef>
#include <cstdint>

#include "nn/kernels/stem.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// The number of output channels that the forward pass computes together.
inline constexpr int kStemGroup = 8;

/// Three neighbouring input rows, each [channel][even, odd][stride], and the sizes of the output
/// row that is computed from them.
struct StemRow {
  const float* in[3];
  size_t in_stride;
  int inputs, outputs;  // channels
  int width;            // output columns
};

/// The sides of the frame (0), of in_conv1's output (1) and of in_conv2's output (2).
struct StemShape {
  explicit StemShape(ImageView frame)
      : height0(frame.height),
        height1((frame.height + 1) / 2),
        width1((frame.width + 1) / 2),
        height2((height1 + 1) / 2),
        width2((width1 + 1) / 2),
        stride0(SplitRowFloats(width1)),
        stride1(SplitRowFloats(width2)) {}
  int height0, height1, width1, height2, width2;
  size_t stride0, stride1;  // floats of a split row of the frame, and of in_conv1's output
};

/// Converts a row of BGR bytes to floats [3][even, odd][stride] and subtracts the mean.
void SplitBytes(const uint8_t* bgr, int width, size_t stride, float* out);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_STEM_ROWS_H_
