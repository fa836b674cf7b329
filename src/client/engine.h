// The interface through which the client predicts: implemented by nn/predictor.h, and by a fake in
// the tests of Algorithm 3.
#ifndef SHADOWTUTOR_CLIENT_ENGINE_H_
#define SHADOWTUTOR_CLIENT_ENGINE_H_

#include <memory>
#include <span>

#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::client {

/// Thread safety: Pack and Repack from any thread at any time; Use and Predict from one thread at a
/// time.
class Engine {
 public:
  /// Weights in the order that the kernels need. Immutable.
  class Weights {
   public:
    virtual ~Weights() = default;
  };

  virtual ~Engine() = default;

  /// Prepares all weights of a student for use: the slow part of a change of weights.
  virtual std::shared_ptr<const Weights> Pack(std::shared_ptr<const nn::NetworkLayout> layout,
                                              std::span<const float> weights) const = 0;
  /// The same, for weights that differ from `base` only in the stages from `first` on; the result
  /// shares the rest with `base`. `weights` holds all of the student's weights.
  virtual std::shared_ptr<const Weights> Repack(const Weights& base, std::span<const float> weights,
                                                nn::Stage first) const = 0;
  /// Predictions use `weights` from now on. Only swaps a pointer.
  virtual void Use(std::shared_ptr<const Weights> weights) = 0;
  /// Predicts `frame` into `labels`, which get its size, with the weights last given to Use.
  virtual void Predict(ImageView frame, LabelMap& labels) = 0;
};

/// The project's own compute engine.
std::unique_ptr<Engine> MakeEngine();

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_ENGINE_H_
