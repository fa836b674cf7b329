// How well a student labels pictures that it is not trained on.
#ifndef SHADOWTUTOR_PRETRAIN_VALIDATION_H_
#define SHADOWTUTOR_PRETRAIN_VALIDATION_H_

#include <span>
#include <vector>

#include "nn/network.h"
#include "pretrain/picture.h"
#include "shadowtutor/types.h"

namespace shadowtutor::pretrain {

/// Whole pictures, at the size that the student is made for.
class ValidationSet {
 public:
  /// Shrinks `picture` so that its longer side is `longest`, and keeps it.
  void Add(const Picture& picture, int longest);
  size_t size() const { return images_.size(); }

  /// Mean over the pictures of their mIoU (distill::MeanIoU); pixels that nobody knows count as
  /// right. Uses every core. Throws Error kFailedPrecondition when there are no pictures.
  double MeanIoU(const nn::NetworkLayout& layout, std::span<const float> weights) const;

 private:
  std::vector<Image> images_;
  std::vector<LabelMap> labels_;
};

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_VALIDATION_H_
