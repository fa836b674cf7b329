// Rows as the stem's forward and backward pass both read them. Internal to the stem.
#ifndef SHADOWTUTOR_NN_KERNELS_STEM_ROWS_H_
#define SHADOWTUTOR_NN_KERNELS_STEM_ROWS_H_

#include <cstddef>
#include <cstdint>

#include "nn/kernels/stem.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// Three neighbouring input rows ([channel][even, odd][stride]) and the row that they give.
struct StemRow {
  const float* in[3];
  size_t in_stride;
  int inputs, outputs;  // channels
  int width;            // output columns
};

/// The frame at the sizes of the stem's layers.
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
  size_t stride0, stride1;  // of split input rows and split in_conv1 rows
};

/// BGR bytes to [3][even, odd][stride], the mean subtracted.
void SplitBytes(const uint8_t* bgr, int width, size_t stride, float* out);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_STEM_ROWS_H_
