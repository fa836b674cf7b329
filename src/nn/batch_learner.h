// One student being trained on several images a step: gradients averaged over them, then Adam.
//
// What pre-training is made of (Learner trains on one key frame). Images are independent of each
// other, because normalisation uses each frame's own statistics; so each is computed by a core of
// its own, and the gradients are added up in the images' order, whichever was ready first.
#ifndef SHADOWTUTOR_NN_BATCH_LEARNER_H_
#define SHADOWTUTOR_NN_BATCH_LEARNER_H_

#include <memory>
#include <span>
#include <vector>

#include "nn/learner.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// An image to learn from. The caller keeps what it points to.
struct TrainingSample {
  ImageView image;
  const LabelMap* label = nullptr;      // of the image's size, below the class count
  std::span<const float> pixel_weight;  // one per pixel; 0: that pixel's label is not looked at
};

/// Takes memory for as many workspaces as images are computed at a time, per image size: about
/// 100 MB for each at 512x288.
///
/// Thread safety: one thread at a time.
class BatchLearner {
 public:
  /// `weights` holds layout->size() floats; the stages before `cut` stay as they are. Throws Error
  /// kInvalidArgument otherwise.
  BatchLearner(std::shared_ptr<const NetworkLayout> layout, std::vector<float> weights, Stage cut,
               const AdamOptions& adam = {});
  ~BatchLearner();

  const NetworkLayout& layout() const;
  /// All weights, frozen ones included.
  std::span<const float> weights() const;

  /// The mean of the images' losses (Learner::LossAndGradient says what one is) and, in gradient(),
  /// the mean of their gradients. The images may differ in size. The same bits for any number of
  /// threads. Throws Error kInvalidArgument for no images, or one that does not fit.
  double LossAndGradient(std::span<const TrainingSample> batch);
  /// Of the last LossAndGradient, for the stages from the cut on.
  std::span<const float> gradient() const;
  /// One Adam step along gradient().
  void AdamStep(double learning_rate);

  /// Everything that going on later needs, and the return to it.
  void SaveState(LearnerState& state) const;
  void RestoreState(const LearnerState& state);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_BATCH_LEARNER_H_
