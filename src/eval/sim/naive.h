// Naive offloading as a strategy: every frame goes to the server, its label map comes back.
#ifndef SHADOWTUTOR_EVAL_SIM_NAIVE_H_
#define SHADOWTUTOR_EVAL_SIM_NAIVE_H_

#include <cstdint>
#include <deque>

#include "eval/sim/segment_exchange.h"
#include "eval/sim/server_clock.h"
#include "eval/sim/strategy.h"

namespace shadowtutor::eval {

/// The most frames whose answers may be on their way, and so the longest delay.
inline constexpr int kMostNaiveInFlight = 64;

/// Every frame that is sent counts as a key frame. The teacher labels it as the codec leaves it, so
/// the codec's losses cost accuracy (but not with a teacher that replays labels, which does not
/// look at frames).
///
/// With a delay of 1 the device waits: each frame is shown with its own label, however long that
/// takes, as the paper has it. With a delay of D, from 2 to kMostNaiveInFlight, the device goes on,
/// and frame i is shown with the label of frame i-D; before there is one, with the background. With
/// kDelayAuto a label is shown when the server has it, and a frame is sent only if the teacher is
/// free when it gets there. Thread safety: one thread.
class Naive : public Strategy {
 public:
  /// Throws as ServerClock.
  Naive(const StrategyInputs& inputs, SegmentExchange::Channel channel);

  /// The check of a StrategyEntry.
  static void Check(const StrategyOptions& options);

  FrameOutcome Process(ImageView frame, uint64_t index, LabelMap& prediction) override;
  Totals totals() const override { return totals_; }

 private:
  struct Coming {
    uint64_t arrival = 0;  // the first frame that it is shown at
    LabelMap labels;
  };

  bool MaySend(uint64_t index) const;
  void Send(ImageView frame, uint64_t index);

  const int delay_;
  SegmentExchange exchange_;
  ServerClock clock_;
  const uint8_t fill_;         // until the first label is there
  std::deque<Coming> coming_;  // at most kMostNaiveInFlight
  LabelMap shown_;
  Totals totals_;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_NAIVE_H_
