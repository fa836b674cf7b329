#include "eval/sim/strategy.h"
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

std::unique_ptr<Strategy> Make(const StrategyInputs& inputs) {
  return std::make_unique<Wild>(*inputs.student);
}

}  // namespace

extern const StrategyEntry kWild;
const StrategyEntry kWild = {
    .name = "wild",
    .label = "wild",
    .description = "the student as it is, without a server",
    .check = [](const StrategyOptions&) {},
    .make = Make,
};

}  // namespace shadowtutor::eval
