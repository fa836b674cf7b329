#include "eval/strategies/all.h"
#include "nn/predictor.h"

namespace shadowtutor::eval {
namespace {

class Wild : public Strategy {
 public:
  explicit Wild(const nn::Checkpoint& student)
      : predictor_(nn::PackWeights(*student.layout, student.weights)) {}

  FrameOutcome Process(ImageView frame, uint64_t, LabelMap& prediction) override {
    predictor_.Predict(frame, prediction);
    return {};
  }
  Totals totals() const override { return {}; }

 private:
  nn::Predictor predictor_;
};

}  // namespace

std::unique_ptr<Strategy> MakeWild(const StrategyInputs& inputs) {
  return std::make_unique<Wild>(*inputs.student);
}

}  // namespace shadowtutor::eval
