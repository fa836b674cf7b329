// What anyone would do without a student: every frame goes to the server, its label map comes back.
#ifndef SHADOWTUTOR_EVAL_SIM_NAIVE_H_
#define SHADOWTUTOR_EVAL_SIM_NAIVE_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "eval/sim/strategy.h"

namespace shadowtutor::eval {

/// Every frame counts as a key frame. The teacher sees what comes out of the codec, so it errs
/// where the codec does (one that replays labels cannot see that). The clock stands still
/// meanwhile: what waiting for the answer costs is for a live measurement to say. Thread safety:
/// one thread.
class Naive : public Strategy {
 public:
  /// One frame on its way up.
  struct Sent {
    size_t bytes = 0;
    Image decoded;  // empty: nothing was lost on the way
  };
  using Channel = std::function<Sent(ImageView frame)>;

  Naive(const StrategyInputs& inputs, Channel channel);

  FrameOutcome Process(ImageView frame, uint64_t index, LabelMap& prediction) override;
  Totals totals() const override { return totals_; }

 private:
  teacher::Teacher& teacher_;
  const wire::LabelCodec label_codec_;
  const Channel channel_;
  Totals totals_;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_NAIVE_H_
