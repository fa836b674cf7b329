// Naive offloading as a strategy: every frame goes to the server, its label map comes back.
#ifndef SHADOWTUTOR_EVAL_SIM_NAIVE_H_
#define SHADOWTUTOR_EVAL_SIM_NAIVE_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "eval/sim/strategy.h"

namespace shadowtutor::eval {

/// Every frame counts as a key frame. The teacher labels the frame as the codec leaves it, so the
/// codec's losses cost accuracy (but not with a teacher that replays labels, which does not look at
/// frames). The time that the answer takes is not simulated; a live measurement shows it. Thread
/// safety: one thread.
class Naive : public Strategy {
 public:
  /// One frame as it was sent to the server.
  struct Sent {
    size_t bytes = 0;
    Image decoded;         // empty: the codec is lossless
    double encode_ms = 0;  // time that encoding took
  };
  /// Encodes a frame and decodes it again.
  using Channel = std::function<Sent(ImageView frame)>;

  Naive(const StrategyInputs& inputs, Channel channel);

  FrameOutcome Process(ImageView frame, uint64_t index, LabelMap& prediction) override;
  Totals totals() const override { return totals_; }

 private:
  teacher::Teacher& teacher_;
  wire::LabelEncoder encoder_;
  wire::LabelDecoder decoder_;
  const Channel channel_;
  Totals totals_;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_NAIVE_H_
