#include "client/engine.h"

#include <optional>
#include <utility>

#include "nn/predictor.h"

namespace shadowtutor::client {

namespace {

struct Packed : Engine::Weights {
  explicit Packed(std::shared_ptr<const nn::PackedWeights> packed) : weights(std::move(packed)) {}
  std::shared_ptr<const nn::PackedWeights> weights;
};

class NnEngine : public Engine {
 public:
  std::shared_ptr<const Weights> Pack(std::shared_ptr<const nn::NetworkLayout> layout,
                                      std::span<const float> weights) const override {
    return std::make_shared<Packed>(nn::PackWeights(std::move(layout), weights));
  }

  std::shared_ptr<const Weights> Repack(const Weights& base, std::span<const float> weights,
                                        nn::Stage first) const override {
    return std::make_shared<Packed>(
        nn::RepackWeights(*static_cast<const Packed&>(base).weights, weights, first));
  }

  void Use(std::shared_ptr<const Weights> weights) override {
    const auto& packed = static_cast<const Packed&>(*weights).weights;
    if (predictor_) {
      predictor_->SetWeights(packed);
    } else {
      predictor_.emplace(packed);
    }
  }

  void Predict(ImageView frame, LabelMap& labels) override {
    if (!predictor_) {
      throw Error(ErrorCode::kFailedPrecondition, "there are no weights to predict with yet");
    }
    predictor_->Predict(frame, labels);
  }

 private:
  std::optional<nn::Predictor> predictor_;
};

}  // namespace

std::unique_ptr<Engine> MakeEngine() { return std::make_unique<NnEngine>(); }

}  // namespace shadowtutor::client
