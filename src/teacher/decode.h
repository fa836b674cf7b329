// Decodes the output of a network into a label map in the teacher's class indices. The interface
// has no OpenCV types, so that it can be tested without a network.
#ifndef SHADOWTUTOR_TEACHER_DECODE_H_
#define SHADOWTUTOR_TEACHER_DECODE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

/// An output tensor, dense, in row-major order. Does not own `values`, which has count() floats.
struct TensorView {
  std::vector<int> shape;
  const float* values = nullptr;

  size_t count() const;
};

/// The shape as text: "[1,21,288,512]".
std::string ShapeText(const std::vector<int>& shape);

/// Throws Error kDataLoss when a value is infinite or not a number.
void CheckFinite(const TensorView& output);

/// Throws Error kInvalidArgument, whose sentence says that the model's output has this shape and
/// not what `expected` says.
[[noreturn]] void FailShape(const TensorView& output, const std::string& expected);

/// Turns outputs into label maps of a frame's size. Reuses its working memory.
///
/// All functions throw Error: kInvalidArgument when the output does not have the shape of the kind,
/// kDataLoss when a value is not finite or is not a class index. Thread safety: one thread at a
/// time.
class Decoder {
 public:
  /// [1,C,h,w]: the plane of every class is resized bilinearly to `size` (as by cv::resize with
  /// INTER_LINEAR); then each pixel gets the class with the largest value, the first if there are
  /// several.
  LabelMap Logits(const TensorView& output, int classes, FrameSize size);
  /// [1,h,w] or [1,1,h,w]: class indices below `classes`, resized by nearest neighbours.
  LabelMap ClassMap(const TensorView& output, int classes, FrameSize size);
  /// [1,h,w] or [1,1,h,w]: resized bilinearly to `size`; then 1 above `threshold` and 0 elsewhere.
  LabelMap Saliency(const TensorView& output, double threshold, FrameSize size);

 private:
  std::vector<float> plane_, best_;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_DECODE_H_
