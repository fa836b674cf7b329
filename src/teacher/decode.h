// From a network's output to a label map in the teacher's class indices. Plain memory in, no OpenCV
// types, so that it is tested without a network.
#ifndef SHADOWTUTOR_TEACHER_DECODE_H_
#define SHADOWTUTOR_TEACHER_DECODE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

/// Someone else's output tensor, dense, row by row. `values` points to count() floats.
struct TensorView {
  std::vector<int> shape;
  const float* values = nullptr;

  size_t count() const;
};

/// "[1,21,288,512]"
std::string ShapeText(const std::vector<int>& shape);

/// Throws Error kDataLoss when a value is infinite or not a number.
void CheckFinite(const TensorView& output);

/// Throws Error kInvalidArgument: what the model put out is not what `expected` says.
[[noreturn]] void FailShape(const TensorView& output, const std::string& expected);

/// Turns outputs into labels of a frame's size; keeps its work space from call to call.
///
/// All throw Error: kInvalidArgument when the shape is not the kind's (says both), kDataLoss when a
/// value is not finite or no class index. Thread safety: one thread at a time.
class Decoder {
 public:
  /// [1,C,h,w]: every class's plane is enlarged bilinearly (as cv::resize INTER_LINEAR) to `size`,
  /// then each pixel takes the first class with the largest value.
  LabelMap Logits(const TensorView& output, int classes, FrameSize size);
  /// [1,h,w] or [1,1,h,w] of class indices below `classes`, enlarged to the nearest neighbour.
  LabelMap ClassMap(const TensorView& output, int classes, FrameSize size);
  /// [1,1,h,w] (or [1,h,w]): bilinear to `size`, then 1 above `threshold` and 0 elsewhere.
  LabelMap Saliency(const TensorView& output, double threshold, FrameSize size);

 private:
  std::vector<float> plane_, best_;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_DECODE_H_
