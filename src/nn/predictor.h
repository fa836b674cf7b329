// Inference: BGR bytes in, one class per pixel out.
#ifndef SHADOWTUTOR_NN_PREDICTOR_H_
#define SHADOWTUTOR_NN_PREDICTOR_H_

#include <memory>
#include <span>

#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// Weights in the order that the kernels read them. Immutable: build one off the prediction path,
/// then hand it to any number of predictors.
class PackedWeights;
/// `weights` holds layout->size() floats; throws Error kInvalidArgument otherwise.
std::shared_ptr<const PackedWeights> PackWeights(std::shared_ptr<const NetworkLayout> layout,
                                                 std::span<const float> weights);
/// The same student with other weights from stage `first` on (`weights` holds all of them): what
/// lies before is shared with `base`, which makes an update of the trained part cheap to prepare.
std::shared_ptr<const PackedWeights> RepackWeights(const PackedWeights& base,
                                                   std::span<const float> weights, Stage first);
/// The same as PackWeights, with a copy of the layout.
std::shared_ptr<const PackedWeights> PackWeights(const NetworkLayout& layout,
                                                 std::span<const float> weights);

/// Predicts with the weights it was last given.
///
/// Thread safety: one thread calls Predict at a time; SetWeights may be called from any thread at
/// any moment, costs a pointer swap, and takes effect at the next Predict.
class Predictor {
 public:
  explicit Predictor(std::shared_ptr<const PackedWeights> weights);
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  void SetWeights(std::shared_ptr<const PackedWeights> weights);

  /// Any frame size up to kMaxFrameSide; the workspace is rebuilt when the size changes.
  /// Throws Error kInvalidArgument for an empty or oversized frame.
  void Predict(ImageView frame, LabelMap& labels);
  LabelMap Predict(ImageView frame);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_PREDICTOR_H_
