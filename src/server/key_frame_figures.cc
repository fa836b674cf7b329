#include "server/key_frame_figures.h"

namespace shadowtutor::server {

void KeyFrameFigures::Answered(const wire::Update& update, const KeyFrameWaits& waits,
                               double encoding_ms) {
  teacher_wait_s.Observe(waits.teacher_wait_ms / 1000);
  teacher_s.Observe(update.teacher_ms / 1000);
  training_wait_s.Observe(waits.training_wait_ms / 1000);
  training_s.Observe(update.train_ms / 1000);
  key_frame_bytes.Observe(static_cast<double>(waits.bytes_up));
  miou.Observe(update.initial_metric);
  PartSent(update, encoding_ms);
}

void KeyFrameFigures::PartSent(const wire::Update& update, double encoding_ms) {
  if (update.payload.empty()) return;
  encoding_s.Observe(encoding_ms / 1000);
  update_bytes.Observe(static_cast<double>(update.payload.size()));
}

}  // namespace shadowtutor::server
