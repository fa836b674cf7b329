#include "server/stats.h"

namespace shadowtutor::server {

void StatsBoard::SessionOpened(const SessionStats& session) {
  const MutexLock lock(mutex_);
  ++totals_.sessions_opened;
  sessions_[session.id] = session;
}

void StatsBoard::SessionEnded(const std::string& id) {
  const MutexLock lock(mutex_);
  sessions_.erase(id);
}

void StatsBoard::SessionRefused() {
  const MutexLock lock(mutex_);
  ++totals_.sessions_refused;
}

void StatsBoard::KeyFrameAnswered(const std::string& id, const wire::Update& update) {
  const MutexLock lock(mutex_);
  ++totals_.key_frames;
  totals_.last_teacher_ms = update.teacher_ms;
  totals_.last_train_ms = update.train_ms;
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) ++found->second.key_frames;
  Trained(id, update);
}

void StatsBoard::PartSent(const std::string& id, const wire::Update& update) {
  const MutexLock lock(mutex_);
  Trained(id, update);
}

void StatsBoard::Trained(const std::string& id, const wire::Update& update) {
  if (!update.payload.empty()) ++totals_.updates_with_weights;
  totals_.distillation_steps += static_cast<uint64_t>(update.steps);
  totals_.last_metric = update.metric;
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  SessionStats& session = found->second;
  session.distillation_steps += static_cast<uint64_t>(update.steps);
  session.version = update.new_version;
  session.last_metric = update.metric;
}

void StatsBoard::KeyFrameFailed() {
  const MutexLock lock(mutex_);
  ++totals_.key_frames_failed;
}

void StatsBoard::FrameSegmented(double teacher_ms) {
  const MutexLock lock(mutex_);
  ++totals_.frames_segmented;
  totals_.last_teacher_ms = teacher_ms;
}

void StatsBoard::StudentSent() {
  const MutexLock lock(mutex_);
  ++totals_.students_sent;
}

void StatsBoard::Received(size_t bytes) {
  const MutexLock lock(mutex_);
  totals_.bytes_up += bytes;
}

void StatsBoard::Sent(size_t bytes) {
  const MutexLock lock(mutex_);
  totals_.bytes_down += bytes;
}

ServerStats StatsBoard::Snapshot() const {
  const MutexLock lock(mutex_);
  ServerStats stats = totals_;
  stats.uptime_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  for (const auto& [id, session] : sessions_) stats.sessions.push_back(session);
  return stats;
}

}  // namespace shadowtutor::server
