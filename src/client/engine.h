// What the client predicts with: nn/predictor.h in the product, a fake in the tests of Algorithm 3.
#ifndef SHADOWTUTOR_CLIENT_ENGINE_H_
#define SHADOWTUTOR_CLIENT_ENGINE_H_

#include <memory>
#include <span>

#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::client {

class Engine {
 public:
  /// Weights made ready for the kernels; immutable.
  class Weights {
   public:
    virtual ~Weights() = default;
  };

  virtual ~Engine() = default;

  /// The slow part of a change of weights. Thread safety: any thread, while another predicts.
  virtual std::shared_ptr<const Weights> Pack(std::shared_ptr<const nn::NetworkLayout> layout,
                                              std::span<const float> weights) const = 0;
  /// The same where only the stages from `first` on differ from `base`: the rest is shared with it.
  /// `weights` are all of the student's.
  virtual std::shared_ptr<const Weights> Repack(const Weights& base, std::span<const float> weights,
                                                nn::Stage first) const = 0;
  /// The quick part: a pointer swap, between two frames.
  virtual void Use(std::shared_ptr<const Weights> weights) = 0;
  /// Predicts with the weights last given to Use.
  virtual void Predict(ImageView frame, LabelMap& labels) = 0;
};

/// The project's own compute engine.
std::unique_ptr<Engine> MakeEngine();

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_ENGINE_H_
