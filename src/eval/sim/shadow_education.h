// The paper's system as a strategy: Algorithm 3 on the device, Algorithms 1 and 2 on a virtual
// server.
#ifndef SHADOWTUTOR_EVAL_SIM_SHADOW_EDUCATION_H_
#define SHADOWTUTOR_EVAL_SIM_SHADOW_EDUCATION_H_

#include <memory>

#include "client/client.h"
#include "eval/sim/strategy.h"
#include "eval/sim/virtual_link.h"

namespace shadowtutor::eval {

/// Throws Error kInvalidArgument for strides, thresholds or a delay that Algorithms 1 to 3 do not
/// allow.
void CheckShadowEducation(const StrategyOptions& options);

/// Thread safety: one thread.
class ShadowEducation : public Strategy {
 public:
  /// Trains the stages from `cut` on. Throws Error kInvalidArgument for options out of range.
  ShadowEducation(const StrategyInputs& inputs, nn::Stage cut);

  FrameOutcome Process(ImageView frame, uint64_t index, LabelMap& prediction) override;
  Totals totals() const override { return link_->totals(); }

 private:
  VirtualLink* link_;  // the client owns it
  std::unique_ptr<client::Client> client_;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_SHADOW_EDUCATION_H_
