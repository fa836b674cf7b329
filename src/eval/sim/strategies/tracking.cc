// Sparse labels from the server, carried from frame to frame along optical flow on the device: no
// student, no training.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "eval/sim/mask_tracker.h"
#include "eval/sim/segment_exchange.h"
#include "eval/sim/server_clock.h"
#include "eval/sim/strategy.h"
#include "eval/sim/timed.h"
#include "wire/key_frame_codec.h"

namespace shadowtutor::eval {
namespace {

void Check(const StrategyOptions& options) {
  if (options.tracking_stride < 1) {
    throw Error(ErrorCode::kInvalidArgument, "the tracking stride must be at least 1 frame, not " +
                                                 std::to_string(options.tracking_stride));
  }
  CheckSentWidth(options);
  Validate(options.timing);
  if (options.delay == kDelayAuto) return;
  if (options.delay < 1 || options.delay > options.tracking_stride) {
    throw Error(ErrorCode::kInvalidArgument,
                "tracking takes a delay of 1 to " + std::to_string(options.tracking_stride) +
                    " frames, its stride, not " + std::to_string(options.delay),
                Setting::kTrackingStride);
  }
}

// Key frames in `codec` to the server, and what is decoded there.
SegmentExchange::Channel ChannelOf(wire::FrameCodec codec, const wire::KeyFrameQuality& quality) {
  return
      [encoder = std::shared_ptr<wire::KeyFrameEncoder>(wire::MakeKeyFrameEncoder(codec, quality)),
       decoder = std::make_shared<wire::KeyFrameDecoder>()](ImageView frame) {
        double encode_ms = 0;
        const auto bytes = Timed(encode_ms, [&] { return encoder->Encode(frame); });
        return SegmentExchange::Sent{
            bytes.size(), decoder->Decode(encoder->codec(), bytes, frame.size()), encode_ms};
      };
}

class Tracking : public Strategy {
 public:
  explicit Tracking(const StrategyInputs& inputs)
      : options_(inputs.options),
        exchange_(inputs, ChannelOf(options_.frame_codec.value_or(wire::FrameCodec::kRaw),
                                    options_.quality)),
        clock_(options_.delay, options_.timing, inputs.frames_per_second),
        fill_(static_cast<uint8_t>(std::max(0, inputs.teacher->background()))) {}

  FrameOutcome Process(ImageView frame, uint64_t index, LabelMap& prediction) override {
    FrameOutcome outcome{.stride = options_.tracking_stride};
    // Both the labels that are shown and those that are still on their way are carried along, so
    // labels that arrive have been carried over all frames since their own.
    tracker_.Advance(frame);
    tracker_.Carry(shown_);
    tracker_.Carry(coming_);
    if (!coming_.empty() && index >= arrival_) {
      shown_ = std::exchange(coming_, {});
      outcome.update_applied = true;
    }
    if (shown_.size() != frame.size()) shown_ = LabelMap(frame.width, frame.height, fill_);
    prediction = shown_;
    // In real time a label may take longer than the stride; no other frame is sent before.
    if (index >= next_key_frame_ && coming_.empty()) {
      next_key_frame_ = index + static_cast<uint64_t>(options_.tracking_stride);
      outcome.key_frame = true;
      SendKeyFrame(frame, index);
    }
    return outcome;
  }
  Totals totals() const override { return totals_; }

 private:
  void SendKeyFrame(ImageView frame, uint64_t index) {
    SegmentExchange::Answer answer = exchange_.Ask(frame, index);
    clock_.Receive(index, answer.teacher_ms);
    totals_.bytes_up += answer.bytes_up;
    totals_.bytes_down += answer.bytes_down;
    totals_.encode_ms += answer.encode_ms;
    ++totals_.key_frames;
    coming_ = std::move(answer.labels);
    arrival_ = clock_.Answer(/*steps=*/0, /*measured_ms=*/0);
    totals_.delay_frames += arrival_ - index;
  }

  const StrategyOptions options_;
  SegmentExchange exchange_;
  ServerClock clock_;
  const uint8_t fill_;  // until the first label is there
  MaskTracker tracker_;
  LabelMap shown_, coming_;
  uint64_t arrival_ = 0;
  uint64_t next_key_frame_ = 0;
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
    .receives_labels = true,
    .frame_codec = wire::FrameCodec::kRaw,
    .check = Check,
    .make = Make,
};

}  // namespace shadowtutor::eval
