// The interface of a strategy: a way to segment every frame of a video that can be evaluated and
// compared with others, such as partial distillation, full distillation, or the student alone.
//
// To add one: a file under strategies/, which the room's CMakeLists.txt names, and its entry in
// strategies/registry.cc.
#ifndef SHADOWTUTOR_EVAL_SIM_STRATEGY_H_
#define SHADOWTUTOR_EVAL_SIM_STRATEGY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "distill/policy.h"
#include "eval/sim/server_clock.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "wire/key_frame_codec.h"
#include "wire/label_codec.h"
#include "wire/messages.h"

namespace shadowtutor::eval {

/// The parameters of all strategies. Each strategy uses those that concern it.
struct StrategyOptions {
  /// How many frames after a key frame its update is used first: 1 is the very next frame. At most
  /// the least stride, because the client waits for an update that takes longer. kDelayAuto: when
  /// the server would have it done, as `timing` says; the client does not wait then. What it means
  /// without a student: naive.h, strategies/tracking.cc.
  int delay = 1;
  Timing timing;
  distill::Policy paper;  // of `partial` and `full`: the paper's, with what a user changes in it
  distill::Policy policy = distill::FindPolicy("balanced");  // of `shadow`
  std::optional<nn::Stage> cut;  // of `partial` and `just-in-time`; absent: the strategy's own
  // How key frames and updates travel; absent: as the strategy's entry says (OptionsFor).
  std::optional<wire::FrameCodec> frame_codec;
  wire::KeyFrameQuality quality;
  std::optional<wire::UpdateCodec> update_codec;
  wire::LabelCodec label_codec = wire::LabelCodec::kCoded;
  int tracking_stride = 8;  // for `tracking`: frames from one that is labelled to the next
  /// Of the naive strategies and `tracking`: frames that are wider are sent reduced to this width,
  /// in pixels, and their label maps come back in that size. 0: as they are.
  int sent_width = 0;
};

/// What a strategy did so far.
struct Totals {
  uint64_t key_frames = 0;
  uint64_t trained_key_frames = 0;  // those that took at least one distillation step
  uint64_t distillation_steps = 0;
  uint64_t bytes_up = 0;             // encoded frames
  uint64_t bytes_down = 0;           // encoded updates, or label maps; without the first student
  uint64_t bytes_first_student = 0;  // what a device without one is sent at the start
  double encode_ms = 0;              // time that the device took for encoding frames, as measured
  double server_ms = 0;       // time that the server took for training and updates, as measured
  uint64_t delay_frames = 0;  // sum, over the key frames, of the frames until the update is in use

  // Per key frame; 0 where there was none.
  double encode_ms_per_key_frame() const { return PerKeyFrame(encode_ms); }
  double server_ms_per_key_frame() const { return PerKeyFrame(server_ms); }
  /// Distillation steps per key frame that was trained on; 0 where none was.
  double steps_per_key_frame() const {
    if (trained_key_frames == 0) return 0;
    return static_cast<double>(distillation_steps) / static_cast<double>(trained_key_frames);
  }

 private:
  double PerKeyFrame(double sum) const {
    return key_frames == 0 ? 0 : sum / static_cast<double>(key_frames);
  }
};

/// What it did at one frame.
struct FrameOutcome {
  bool key_frame = false;
  bool update_applied = false;  // before this frame was predicted
  int stride = 0;               // the key frame stride after this frame; 0: the strategy has none
};

/// Thread safety: one thread. The same inputs must give the same outputs, to the last bit, so
/// neither a clock nor the order of threads may matter; but for times that are to be measured
/// (Timing).
class Strategy {
 public:
  virtual ~Strategy() = default;

  /// Predicts the frame at `index` (0, 1, 2, ...) into `prediction`.
  virtual FrameOutcome Process(ImageView frame, uint64_t index, LabelMap& prediction) = 0;
  virtual Totals totals() const = 0;
};

/// What a strategy is made from. The teacher must outlive the strategy. Asking it about the current
/// frame costs little, because the evaluation has asked about it already.
struct StrategyInputs {
  std::shared_ptr<const nn::Checkpoint> student;
  teacher::Teacher* teacher = nullptr;
  StrategyOptions options;       // as OptionsFor returns them
  double frames_per_second = 0;  // of the frames to come; 0: unknown
};

/// One line of the registry; constant data.
struct StrategyEntry {
  std::string_view name;  // as on the command line
  /// For tables and legends. If it ends in '-', the delay is always added: "P-" becomes "P-8".
  std::string_view label;
  std::string_view description;  // one line for people
  bool heeds_delay = false;      // whether the delay matters; if not, one run stands for all delays
  bool trains = false;           // distils into a student
  bool alters_frames = false;    // the teacher is asked about frames that a codec always changes
  std::optional<wire::FrameCodec> every_frame_as = {};  // it sends them all, in this codec always
  bool receives_labels = false;                         // label maps come back from the server
  /// How its key frames and updates travel, unless StrategyOptions says otherwise; absent: it sends
  /// none.
  std::optional<wire::FrameCodec> frame_codec = {};
  std::optional<wire::UpdateCodec> update_codec = {};
  /// The policy by which it trains; null if it does not.
  distill::Policy (*policy)(const StrategyOptions& options) = nullptr;
  /// Throws Error kInvalidArgument for options that this strategy cannot run with.
  void (*check)(const StrategyOptions& options) = nullptr;
  /// Makes the strategy. Throws as `check`, and as ServerClock for frames of an unknown rate.
  std::unique_ptr<Strategy> (*make)(const StrategyInputs& inputs) = nullptr;
};

/// The options with which a strategy runs: what was left to its entry is filled in, and codecs for
/// what it does not send are absent.
StrategyOptions OptionsFor(const StrategyEntry& strategy, const StrategyOptions& options);

/// All there are, in the order in which they are listed to users.
std::span<const StrategyEntry* const> Strategies();
/// Throws Error kInvalidArgument that lists the names.
const StrategyEntry& FindStrategy(std::string_view name);

/// The label of a run: "P-8", "S-auto", "wild", "tracking" (and "tracking-8" for a delay other than
/// 1).
std::string RunLabel(const StrategyEntry& strategy, int delay);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_STRATEGY_H_
