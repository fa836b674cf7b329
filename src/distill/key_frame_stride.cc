#include "distill/key_frame_stride.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::distill {
namespace {

constexpr int kLongestStride = 1'000'000;  // frames; at 30 a second more than nine hours

}  // namespace

void Validate(const StrideOptions& options) {
  if (!(options.threshold > 0 && options.threshold < 1)) {
    throw Error(ErrorCode::kInvalidArgument,
                "the threshold must lie between 0 and 1 (exclusive), not " +
                    std::to_string(options.threshold));
  }
  if (options.min_stride < 1 || options.max_stride < options.min_stride ||
      options.max_stride > kLongestStride) {
    throw Error(ErrorCode::kInvalidArgument,
                "strides must satisfy 1 <= minimum <= maximum <= 1000000, not minimum " +
                    std::to_string(options.min_stride) + " and maximum " +
                    std::to_string(options.max_stride));
  }
}

int NextStride(int stride, double metric, const StrideOptions& options) {
  const double threshold = options.threshold;
  // The ratio as a function of the metric is two straight lines that meet at (THRESHOLD, 1): the
  // lower one goes through (0, 0), the upper one through (1, 2).
  const double ratio =
      metric <= threshold ? metric / threshold : (metric + 1 - 2 * threshold) / (1 - threshold);
  const double next = std::floor(ratio * stride);
  // Clamped before the conversion, so that no metric can overflow the integer. In this order of
  // min and max, a NaN gives the shortest stride.
  const double least = options.min_stride, most = options.max_stride;
  return static_cast<int>(std::min(std::max(least, next), most));
}

}  // namespace shadowtutor::distill
