// ShadowTutor as a strategy, with any policy: Algorithm 3 on the device, training on a virtual
// server.
#ifndef SHADOWTUTOR_EVAL_SIM_SHADOW_EDUCATION_H_
#define SHADOWTUTOR_EVAL_SIM_SHADOW_EDUCATION_H_

#include <memory>

#include "client/client.h"
#include "eval/sim/strategy.h"
#include "eval/sim/virtual_link.h"

namespace shadowtutor::eval {

/// Throws Error kInvalidArgument for a policy out of range, or a delay that it does not allow.
void CheckShadowEducation(const StrategyOptions& options, const distill::Policy& policy);

/// Thread safety: one thread.
class ShadowEducation : public Strategy {
 public:
  /// Throws as CheckShadowEducation and ServerClock.
  ShadowEducation(const StrategyInputs& inputs, const distill::Policy& policy);

  FrameOutcome Process(ImageView frame, uint64_t index, LabelMap& prediction) override;
  Totals totals() const override { return link_->totals(); }

 private:
  VirtualLink* link_;  // the client owns it
  std::unique_ptr<client::Client> client_;
};

/// The StrategyEntry::make of strategies that differ by their policy only.
template <distill::Policy (*PolicyOf)(const StrategyOptions&)>
std::unique_ptr<Strategy> MakeShadowEducation(const StrategyInputs& inputs) {
  return std::make_unique<ShadowEducation>(inputs, PolicyOf(inputs.options));
}

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_SHADOW_EDUCATION_H_
