#include "eval/sim/naive.h"

#include <algorithm>
#include <string>
#include <utility>

namespace shadowtutor::eval {
namespace {

constexpr int kWaits = 1;  // the delay with which the device waits for each answer

}  // namespace

void Naive::Check(const StrategyOptions& options) {
  CheckSentWidth(options);
  Validate(options.quality);
  Validate(options.timing);
  if (options.delay == kDelayAuto) return;
  if (options.delay < kWaits || options.delay > kMostNaiveInFlight) {
    throw Error(ErrorCode::kInvalidArgument,
                "naive offloading takes a delay of 1 (it waits for each answer) to " +
                    std::to_string(kMostNaiveInFlight) + " frames, not " +
                    std::to_string(options.delay));
  }
}

Naive::Naive(const StrategyInputs& inputs, SegmentExchange::Channel channel)
    : delay_(inputs.options.delay),
      exchange_(inputs, std::move(channel)),
      clock_(delay_, inputs.options.timing, inputs.frames_per_second),
      fill_(static_cast<uint8_t>(std::max(0, inputs.teacher->background()))) {
  Check(inputs.options);
}

FrameOutcome Naive::Process(ImageView frame, uint64_t index, LabelMap& prediction) {
  FrameOutcome outcome{.stride = 1};
  if (MaySend(index)) {
    outcome.key_frame = true;
    Send(frame, index);
  }
  while (!coming_.empty() && coming_.front().arrival <= index) {
    shown_ = std::move(coming_.front().labels);
    coming_.pop_front();
  }
  if (shown_.size() != frame.size()) shown_ = LabelMap(frame.width, frame.height, fill_);
  prediction = shown_;
  return outcome;
}

bool Naive::MaySend(uint64_t index) const {
  if (delay_ != kDelayAuto || coming_.empty()) return true;
  return coming_.size() < kMostNaiveInFlight && clock_.IdleBefore(index);
}

void Naive::Send(ImageView frame, uint64_t index) {
  SegmentExchange::Answer answer = exchange_.Ask(frame, index);
  ++totals_.key_frames;
  totals_.bytes_up += answer.bytes_up;
  totals_.encode_ms += answer.encode_ms;
  totals_.bytes_down += answer.bytes_down;
  clock_.Receive(index, answer.teacher_ms);
  const uint64_t arrival = delay_ == kWaits ? index : clock_.Answer(/*steps=*/0, /*measured_ms=*/0);
  totals_.delay_frames += arrival - index;
  coming_.push_back({arrival, std::move(answer.labels)});
}

}  // namespace shadowtutor::eval
