#include "server/session_history.h"

#include <algorithm>

namespace shadowtutor::server {

SessionHistory::SessionHistory(const distill::ScheduleOptions& schedule)
    : schedule_(schedule), stride_(schedule.stride.min_stride) {}

void SessionHistory::Answered(double at_s, const wire::Update& update, const KeyFrameWaits& waits) {
  const distill::StrideOptions& strides = schedule_.stride;
  if (schedule_.trigger == distill::Trigger::kMetric) {
    stride_ = distill::NextStride(stride_, update.metric, strides);
  } else if (last_frame_ && update.frame_index > *last_frame_) {
    const uint64_t distance = update.frame_index - *last_frame_;
    stride_ =
        static_cast<int>(std::clamp<uint64_t>(distance, static_cast<uint64_t>(strides.min_stride),
                                              static_cast<uint64_t>(strides.max_stride)));
  }
  last_frame_ = update.frame_index;
  ++answered_;
  records_.push_back({.at_s = at_s,
                      .frame_index = update.frame_index,
                      .metric_before = update.initial_metric,
                      .metric_after = update.metric,
                      .steps = update.steps,
                      .stride = stride_,
                      .teacher_wait_ms = waits.teacher_wait_ms,
                      .teacher_ms = update.teacher_ms,
                      .training_wait_ms = waits.training_wait_ms,
                      .training_ms = update.train_ms,
                      .bytes_up = waits.bytes_up,
                      .bytes_down = update.payload.size(),
                      .version = update.new_version});
  if (records_.size() > kMost) records_.pop_front();
}

void SessionHistory::PartSent(const wire::Update& update) {
  if (records_.empty() || records_.back().frame_index != update.frame_index) return;
  KeyFrameRecord& record = records_.back();
  record.metric_after = update.metric;
  record.steps += update.steps;
  ++record.parts;
  record.training_ms += update.train_ms;
  record.bytes_down += update.payload.size();
  record.version = update.new_version;
}

}  // namespace shadowtutor::server
