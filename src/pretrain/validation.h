// Measures how well a student labels pictures that it was not trained on.
#ifndef SHADOWTUTOR_PRETRAIN_VALIDATION_H_
#define SHADOWTUTOR_PRETRAIN_VALIDATION_H_

#include <span>
#include <vector>

#include "nn/network.h"
#include "pretrain/picture.h"
#include "shadowtutor/types.h"

namespace shadowtutor::pretrain {

/// Pictures for validation, used whole.
///
/// Thread safety: Add needs the object to itself; the others any thread.
class ValidationSet {
 public:
  /// Adds a copy of `picture`, shrunk so that its longer side has at most `longest` pixels.
  void Add(const Picture& picture, int longest);
  size_t size() const { return images_.size(); }

  /// The mIoU (distill::MeanIoU) of each picture, in the order in which they were added. Pixels
  /// whose class is not known count as right. Computes the pictures in parallel.
  std::vector<double> IoUs(const nn::NetworkLayout& layout, std::span<const float> weights) const;

  /// Their mean. Throws Error kFailedPrecondition when there are no pictures.
  double MeanIoU(const nn::NetworkLayout& layout, std::span<const float> weights) const;

 private:
  std::vector<Image> images_;
  std::vector<LabelMap> labels_;
};

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_VALIDATION_H_
