// A student that is trained on several images per step: the gradients are averaged, then Adam takes
// a step. For pre-training; for training on one key frame there is Learner.
//
// Normalisation uses each image's own statistics, so the images are independent of each other and
// computed in parallel. Their gradients are always added in the order of the images.
#ifndef SHADOWTUTOR_NN_BATCH_LEARNER_H_
#define SHADOWTUTOR_NN_BATCH_LEARNER_H_

#include <memory>
#include <span>
#include <vector>

#include "nn/kernels/adam.h"
#include "nn/kernels/loss.h"
#include "nn/learner_state.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// An image to learn from. It does not own the image, the label and the weights.
struct TrainingSample {
  ImageView image;
  const LabelMap* label = nullptr;      // of the image's size, values below the class count
  std::span<const float> pixel_weight;  // one per pixel; pixels of weight 0 do not count
};

/// Keeps one workspace for each image that is computed at the same time, and for each image size;
/// at 512x288 each takes about 100 MB.
///
/// Thread safety: one thread at a time.
class BatchLearner {
 public:
  /// `weights` holds layout->size() floats, else throws Error kInvalidArgument. Training does not
  /// change the stages before `cut`.
  BatchLearner(std::shared_ptr<const NetworkLayout> layout, std::vector<float> weights, Stage cut,
               const AdamOptions& adam = {}, const LossOptions& loss = {});
  ~BatchLearner();

  const NetworkLayout& layout() const;
  /// All weights, frozen ones included.
  std::span<const float> weights() const;

  /// Returns the mean of the images' losses (as in Learner::LossAndGradient) and sets gradient() to
  /// the mean of their gradients. The images may differ in size. The result has the same bits for
  /// any number of threads. Throws Error kInvalidArgument for an empty batch or for a sample whose
  /// parts do not fit each other or the student.
  double LossAndGradient(std::span<const TrainingSample> batch);
  /// The mean gradient of the last LossAndGradient, for the stages from the cut on.
  std::span<const float> gradient() const;

  // LossAndGradient in parts, for a batch whose images several processes share. Each computes the
  // gradients of its own images; then, beginning with zeros, each in turn adds them to the sum of
  // those before it. In the order of the images, the sum has the bits of LossAndGradient.

  /// Computes the gradients and losses of `part`, which may be empty. Throws as LossAndGradient.
  void ComputeGradients(std::span<const TrainingSample> part);
  /// Adds the last ComputeGradients' gradients, each divided by `images`, to the elements
  /// [begin, end) of `sum`, which has gradient().size() floats. Parts of `sum` may be added to in
  /// any order.
  void AddGradients(size_t images, size_t begin, size_t end, std::span<float> sum) const;
  /// The losses of the last ComputeGradients, one per image.
  std::span<const double> losses() const;
  /// The mean loss of all images of a batch, in their order, as LossAndGradient returns it.
  static double MeanLoss(std::span<const double> losses);
  /// Sets gradient(), which has as many floats. Throws Error kInvalidArgument.
  void SetGradient(std::span<const float> mean);

  /// One Adam step along gradient().
  void AdamStep(double learning_rate);

  /// Copies the trained weights and Adam's state into `state`.
  void SaveState(LearnerState& state) const;
  /// Goes back to a saved state. Throws Error kInvalidArgument for the state of another shape of
  /// student.
  void RestoreState(const LearnerState& state);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_BATCH_LEARNER_H_
