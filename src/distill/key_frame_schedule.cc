#include "distill/key_frame_schedule.h"

#include <algorithm>
#include <string>

namespace shadowtutor::distill {
namespace {

// How much of the usual change stays at each key frame.
constexpr double kMemory = 0.6;

}  // namespace

std::string_view NameOf(Trigger trigger) {
  return trigger == Trigger::kChange ? "change" : "metric";
}

Trigger ParseTrigger(std::string_view name) {
  for (const Trigger trigger : {Trigger::kMetric, Trigger::kChange}) {
    if (name == NameOf(trigger)) return trigger;
  }
  throw Error(ErrorCode::kInvalidArgument, "no trigger of key frames is called '" +
                                               std::string(name) +
                                               "'; there are metric and change");
}

void Validate(const ScheduleOptions& options) {
  StrideOptions strides = options.stride;
  if (options.trigger == Trigger::kChange) strides.threshold = 0.5;  // not heeded
  Validate(strides);
  const auto require = [](bool holds, const char* sentence) {
    if (!holds) throw Error(ErrorCode::kInvalidArgument, sentence);
  };
  require(options.change >= 0 && options.change <= 1,
          "the share of the picture that calls a key frame must lie between 0 and 1");
  require(options.rate > 0 && options.rate <= 1,
          "the key frames per frame must be more than 0 and at most 1");
  require(options.burst >= 1 && options.burst <= 1000,
          "the key frames that may come in a burst must be 1 to 1000");
  require(options.start >= 0 && options.start <= options.burst,
          "the key frames that may come at the start must be 0 to those of a burst");
}

KeyFrameSchedule::KeyFrameSchedule(const ScheduleOptions& options) : options_(options) {
  Validate(options);
  stride_ = options.stride.min_stride;
  tokens_ = options.start;
}

bool KeyFrameSchedule::Due(ImageView frame) {
  if (at_once_) return true;
  if (options_.trigger == Trigger::kMetric) return step_ >= std::max(stride_, LeastStride());
  if (step_ < LeastStride() || tokens_ < 1) return false;
  return step_ >= options_.stride.max_stride ||
         change_.Share(frame) > std::max(options_.change, usual_);
}

void KeyFrameSchedule::Sent(ImageView frame) {
  if (options_.trigger == Trigger::kChange) {
    if (any_sent_) {
      usual_ = kMemory * usual_ + (1 - kMemory) * change_.Share(frame);
      stride_ = std::clamp(step_, options_.stride.min_stride, options_.stride.max_stride);
    }
    change_.SetReference(frame);
    tokens_ = std::max(0.0, tokens_ - 1);
  }
  any_sent_ = true;
  at_once_ = false;
  step_ = 0;
}

void KeyFrameSchedule::Answered(double metric) {
  if (options_.trigger == Trigger::kMetric) stride_ = NextStride(stride_, metric, options_.stride);
}

void KeyFrameSchedule::Advance() {
  ++step_;
  tokens_ = std::min(options_.burst, tokens_ + options_.rate);
}

void KeyFrameSchedule::Restart(const ScheduleOptions& options) {
  Validate(options);
  if (options.trigger != options_.trigger) tokens_ = options.start;
  options_ = options;
  least_stride_ = 0;
  stride_ = std::clamp(stride_, options.stride.min_stride, options.stride.max_stride);
  at_once_ = true;
}

}  // namespace shadowtutor::distill
