#include "server/stats.h"

namespace shadowtutor::server {

const char* NameOf(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kServerFull:
      return "server_full";
    case RefusalReason::kAddressFull:
      return "address_full";
    case RefusalReason::kConnectionFull:
      return "connection_full";
    case RefusalReason::kDeviceFull:
      return "device_full";
    case RefusalReason::kTooOften:
      return "too_often";
    case RefusalReason::kOverloaded:
      return "overloaded";
    case RefusalReason::kUnauthenticated:
      return "unauthenticated";
    case RefusalReason::kEnding:
      break;
  }
  return "ending";
}

void StatsBoard::SessionOpened(const SessionStats& session) {
  const MutexLock lock(mutex_);
  ++totals_.sessions_opened;
  SessionStats& entry = sessions_[session.id] = session;
  entry.opened_s = Uptime();
}

void StatsBoard::SessionEnded(const std::string& id) {
  const MutexLock lock(mutex_);
  sessions_.erase(id);
}

void StatsBoard::SessionRefused(RefusalReason reason) {
  const MutexLock lock(mutex_);
  ++totals_.sessions_refused;
  ++totals_.refused_by_reason[static_cast<size_t>(reason)];
}

void StatsBoard::SessionFailed(ErrorCode code) {
  const MutexLock lock(mutex_);
  ++totals_.sessions_failed[code];
}

void StatsBoard::SessionMoved() {
  const MutexLock lock(mutex_);
  ++totals_.sessions_moved;
}

void StatsBoard::KeyFrameAnswered(const std::string& id, const wire::Update& update,
                                  const KeyFrameWaits& waits, double encoding_ms) {
  const MutexLock lock(mutex_);
  totals_.figures.Answered(update, waits, encoding_ms);
  if (!update.payload.empty()) ++totals_.key_frames_trained;
  ++totals_.key_frames;
  totals_.last_teacher_ms = update.teacher_ms;
  totals_.last_train_ms = update.train_ms;
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) ++found->second.key_frames;
  Trained(id, update);
}

void StatsBoard::PartSent(const std::string& id, const wire::Update& update, double encoding_ms) {
  const MutexLock lock(mutex_);
  totals_.figures.PartSent(update, encoding_ms);
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

void StatsBoard::KeyFrameFailed(ErrorCode code) {
  const MutexLock lock(mutex_);
  ++totals_.key_frames_failed;
  ++totals_.key_frames_failed_by_code[code];
}

void StatsBoard::FrameSegmented(const std::string& id, double teacher_ms) {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) ++found->second.frames_segmented;
  ++totals_.frames_segmented;
  totals_.figures.teacher_s.Observe(teacher_ms / 1000);
  totals_.last_teacher_ms = teacher_ms;
}

void StatsBoard::StudentSent() {
  const MutexLock lock(mutex_);
  ++totals_.students_sent;
}

void StatsBoard::Received(const std::string& id, size_t bytes) {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) found->second.bytes_up += bytes;
  totals_.bytes_up += bytes;
}

void StatsBoard::Sent(const std::string& id, size_t bytes) {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) found->second.bytes_down += bytes;
  totals_.bytes_down += bytes;
}

double StatsBoard::Uptime() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

ServerStats StatsBoard::Snapshot() const {
  const MutexLock lock(mutex_);
  ServerStats stats = totals_;
  stats.uptime_s = Uptime();
  for (const auto& [id, session] : sessions_) stats.sessions.push_back(session);
  return stats;
}

}  // namespace shadowtutor::server
