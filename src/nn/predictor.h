// Inference: predicts one class per pixel of a BGR frame.
#ifndef SHADOWTUTOR_NN_PREDICTOR_H_
#define SHADOWTUTOR_NN_PREDICTOR_H_

#include <memory>
#include <span>

#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// Weights in the order in which the kernels read them. Immutable, so any number of predictors on
/// any threads can share an object. Making one is slow; it can be done while another is in use.
class PackedWeights;
/// `weights` holds layout->size() floats; throws Error kInvalidArgument otherwise.
std::shared_ptr<const PackedWeights> PackWeights(std::shared_ptr<const NetworkLayout> layout,
                                                 std::span<const float> weights);
/// Packs only the stages from `first` on, which is quick when few stages were trained; the stages
/// before are shared with `base`. `weights` holds all of the student's floats. Throws as
/// PackWeights does.
std::shared_ptr<const PackedWeights> RepackWeights(const PackedWeights& base,
                                                   std::span<const float> weights, Stage first);
/// Packs with a copy of the layout.
std::shared_ptr<const PackedWeights> PackWeights(const NetworkLayout& layout,
                                                 std::span<const float> weights);

/// Predicts with the weights that it was given last.
///
/// Thread safety: Predict from one thread at a time. SetWeights from any thread at any time; it
/// swaps a pointer and takes effect at the next Predict.
class Predictor {
 public:
  explicit Predictor(std::shared_ptr<const PackedWeights> weights);
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  void SetWeights(std::shared_ptr<const PackedWeights> weights);

  /// Writes the prediction to `labels`, which gets the frame's size. The size may change from frame
  /// to frame, but each change makes a new workspace. Throws Error kInvalidArgument for an empty
  /// frame or one over kMaxFrameSide or kMaxFramePixels.
  void Predict(ImageView frame, LabelMap& labels);
  LabelMap Predict(ImageView frame);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_PREDICTOR_H_
