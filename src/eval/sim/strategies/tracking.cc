// Sparse labels from the server, carried from frame to frame along optical flow on the device: no
// student, no training.
#include <algorithm>
#include <string>
#include <utility>

#include "eval/sim/mask_tracker.h"
#include "eval/sim/strategy.h"
#include "wire/key_frame_codec.h"

namespace shadowtutor::eval {
namespace {

void Check(const StrategyOptions& options) {
  if (options.tracking_stride < 1) {
    throw Error(ErrorCode::kInvalidArgument, "the tracking stride must be at least 1 frame, not " +
                                                 std::to_string(options.tracking_stride));
  }
  if (options.delay < 1 || options.delay > options.tracking_stride) {
    throw Error(ErrorCode::kInvalidArgument,
                "tracking takes a delay of 1 to " + std::to_string(options.tracking_stride) +
                    " frames, its stride, not " + std::to_string(options.delay),
                Setting::kTrackingStride);
  }
}

class Tracking : public Strategy {
 public:
  explicit Tracking(const StrategyInputs& inputs)
      : options_(inputs.options),
        teacher_(*inputs.teacher),
        fill_(static_cast<uint8_t>(std::max(0, inputs.teacher->background()))) {}

  FrameOutcome Process(ImageView frame, uint64_t index, LabelMap& prediction) override {
    FrameOutcome outcome{.stride = options_.tracking_stride};
    // What is shown and what is on its way move along alike, so a label that arrives has been
    // carried over all the frames since its own.
    tracker_.Advance(frame);
    tracker_.Carry(shown_);
    tracker_.Carry(coming_);
    if (!coming_.empty() && index >= arrival_) {
      shown_ = std::exchange(coming_, {});
      outcome.update_applied = true;
    }
    if (shown_.size() != frame.size()) shown_ = LabelMap(frame.width, frame.height, fill_);
    prediction = shown_;
    if (index % static_cast<uint64_t>(options_.tracking_stride) == 0) {
      outcome.key_frame = true;
      SendKeyFrame(frame, index);
    }
    return outcome;
  }
  Totals totals() const override { return totals_; }

 private:
  void SendKeyFrame(ImageView frame, uint64_t index) {
    const auto bytes = wire::PackFrame(options_.frame_codec, frame, options_.jpeg_quality);
    totals_.bytes_up += bytes.size();
    const Image seen = wire::UnpackFrame(options_.frame_codec, bytes, frame.size());
    const auto labels = wire::EncodeLabels(options_.label_codec, teacher_.Label(seen, index).label);
    totals_.bytes_down += labels.size();
    ++totals_.key_frames;
    coming_ = wire::DecodeLabels(options_.label_codec, labels, frame.size());
    arrival_ = index + static_cast<uint64_t>(options_.delay);
  }

  const StrategyOptions options_;
  teacher::Teacher& teacher_;
  const uint8_t fill_;  // until the first label is there
  MaskTracker tracker_;
  LabelMap shown_, coming_;
  uint64_t arrival_ = 0;
  Totals totals_;
};

std::unique_ptr<Strategy> Make(const StrategyInputs& inputs) {
  Check(inputs.options);
  return std::make_unique<Tracking>(inputs);
}

}  // namespace

extern const StrategyEntry kTracking;
const StrategyEntry kTracking = {
    .name = "tracking",
    .label = "tracking",
    .description = "label a frame now and then, carry its mask on by optical flow",
    .heeds_delay = true,
    .check = Check,
    .make = Make,
};

}  // namespace shadowtutor::eval
