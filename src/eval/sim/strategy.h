// A way of getting every frame of a video segmented, seen from its evaluation: partial and full
// distillation, the student alone, and what else one wants to compare with them.
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

#include "distill/key_frame_stride.h"
#include "distill/trainer.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "wire/jpeg.h"
#include "wire/label_codec.h"
#include "wire/messages.h"

namespace shadowtutor::eval {

/// The parameters that a strategy may heed.
struct StrategyOptions {
  /// The frames from a key frame to the first one that its update is in use for: 1 is the very next
  /// frame, stride.min_stride (the most) the last one that the client does not wait for.
  int delay = 1;
  distill::StrideOptions stride;
  int max_updates = 8;
  double learning_rate = 0.01;
  std::optional<nn::Stage> cut;  // absent: the strategy's own
  wire::FrameCodec frame_codec = wire::FrameCodec::kRaw;
  int jpeg_quality = wire::kDefaultJpegQuality;
  wire::UpdateCodec update_codec = wire::UpdateCodec::kFp32;
  wire::LabelCodec label_codec = wire::LabelCodec::kPng;
  int tracking_stride = 8;  // frames from one that `tracking` has labelled to the next
};

/// What a strategy did so far.
struct Totals {
  uint64_t key_frames = 0;
  uint64_t trained_key_frames = 0;  // those that took at least one distillation step
  uint64_t distillation_steps = 0;
  uint64_t bytes_up = 0;    // encoded frames
  uint64_t bytes_down = 0;  // encoded updates, or label maps
};

/// What it did at one frame.
struct FrameOutcome {
  bool key_frame = false;
  bool update_applied = false;  // before this frame was predicted
  int stride = 0;               // between key frames, in force after this frame; 0: has none
};

/// Thread safety: one thread. Same inputs, same outputs, to the last bit: no clock, no scheduling.
class Strategy {
 public:
  virtual ~Strategy() = default;

  /// Predicts the frame at `index` (0, 1, 2, ...) into `prediction`.
  virtual FrameOutcome Process(ImageView frame, uint64_t index, LabelMap& prediction) = 0;
  virtual Totals totals() const = 0;
};

/// What a strategy is made from. The teacher outlives it; asking it about the frame at hand costs
/// little, as the evaluation asks about every frame anyway.
struct StrategyInputs {
  std::shared_ptr<const nn::Checkpoint> student;
  teacher::Teacher* teacher = nullptr;
  StrategyOptions options;
  double frames_per_second = 0;  // of the frames to come; 0: unknown
};

/// One line of the registry; constant data.
struct StrategyEntry {
  std::string_view name;  // as on the command line
  /// As in tables and legends. Ends in '-' where the delay always follows: "P-" makes "P-8".
  std::string_view label;
  std::string_view description;  // one line for people
  bool heeds_delay = false;      // otherwise one run does for all delays
  bool trains = false;           // distils into a student
  bool alters_frames = false;    // asks the teacher about frames that a codec always changes
  /// Throws Error kInvalidArgument for options that this strategy cannot run with.
  void (*check)(const StrategyOptions& options) = nullptr;
  /// Checks the options, too.
  std::unique_ptr<Strategy> (*make)(const StrategyInputs& inputs) = nullptr;
};

/// All there are, in the order in which they are listed to users.
std::span<const StrategyEntry* const> Strategies();
/// Throws Error kInvalidArgument that lists the names.
const StrategyEntry& FindStrategy(std::string_view name);

/// The label of a run: "P-8", "wild", "tracking" (and "tracking-8" for a delay other than 1).
std::string RunLabel(const StrategyEntry& strategy, int delay);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_STRATEGY_H_
