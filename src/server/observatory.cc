#include "server/observatory.h"

#include <algorithm>
#include <utility>

#include "core/untrusted_text.h"
#include "wire/limits.h"

namespace shadowtutor::server {
namespace {

// Among how many of the last events the same thing is looked for.
constexpr size_t kLookBack = 16;

bool Same(const Event& a, const Event& b) {
  return a.kind == b.kind && a.code == b.code && a.client == b.client && a.session == b.session &&
         a.sentence == b.sentence;
}

}  // namespace

const char* NameOf(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::kRefused:
      return "refused";
    case Event::Kind::kEnded:
      return "ended";
    case Event::Kind::kFailed:
      return "failed";
    case Event::Kind::kServer:
      break;
  }
  return "server";
}

void Observatory::Opened(const std::string& id, const distill::ScheduleOptions& schedule) {
  const MutexLock lock(mutex_);
  sessions_.erase(id);
  sessions_.emplace(id, Entry(schedule));
}

void Observatory::Ended(const std::string& id) {
  const MutexLock lock(mutex_);
  sessions_.erase(id);
}

void Observatory::Answered(const std::string& id, const wire::Update& update,
                           const KeyFrameWaits& waits, Clock::time_point now) {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  found->second.history.Answered(std::chrono::duration<double>(now - start_).count(), update,
                                 waits);
}

void Observatory::PartSent(const std::string& id, const wire::Update& update) {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  if (found != sessions_.end()) found->second.history.PartSent(update);
}

void Observatory::Note(Event event) {
  event.client = Showable(event.client, wire::kMaxLoggedVersionBytes);
  event.session = Showable(event.session, wire::kMaxLoggedVersionBytes);
  event.sentence = Showable(event.sentence, kMostSentenceBytes);
  event.at = std::chrono::system_clock::now();
  event.times = 1;
  const MutexLock lock(mutex_);
  const auto from = events_.end() - static_cast<int64_t>(std::min(kLookBack, events_.size()));
  const auto same =
      std::find_if(from, events_.end(), [&](const Event& other) { return Same(other, event); });
  if (same != events_.end()) {
    event.times = same->times + 1;
    events_.erase(same);
  }
  events_.push_back(std::move(event));
  if (events_.size() > kMostEvents) events_.pop_front();
}

bool Observatory::Watch(const std::string& id, Clock::time_point now) {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return false;
  size_t others = 0;
  for (const auto& [other, entry] : sessions_) {
    others += other != id && entry.watched_until.has_value();
  }
  if (others >= kMostWatched) return false;
  found->second.watched_until = now + kWatchedFor;
  return true;
}

bool Observatory::Watched(const std::string& id, Clock::time_point now) const {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  return found != sessions_.end() && found->second.watched_until > now;
}

void Observatory::Show(const std::string& id, WatchedFrame frame, Clock::time_point now) {
  std::shared_ptr<const WatchedFrame> pictures =
      std::make_shared<const WatchedFrame>(std::move(frame));
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || !(found->second.watched_until > now)) return;
  found->second.pictures.swap(pictures);
  ++found->second.pictures_version;
}

void Observatory::ShowAfter(const std::string& id, uint64_t frame_index, LabelMap after) {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  Entry& entry = found->second;
  if (!entry.pictures || entry.pictures->frame_index != frame_index) return;
  WatchedFrame changed = *entry.pictures;
  changed.after = std::move(after);
  entry.pictures = std::make_shared<const WatchedFrame>(std::move(changed));
  ++entry.pictures_version;
}

void Observatory::Tick(Clock::time_point now) {
  std::vector<std::shared_ptr<const WatchedFrame>> dropped;  // freed after the lock is released
  const MutexLock lock(mutex_);
  for (auto& [id, entry] : sessions_) {
    if (!entry.watched_until || *entry.watched_until > now) continue;
    entry.watched_until.reset();
    dropped.push_back(std::exchange(entry.pictures, nullptr));
  }
}

std::optional<Observatory::View> Observatory::Find(const std::string& id,
                                                   Clock::time_point now) const {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return std::nullopt;
  const Entry& entry = found->second;
  return View{entry.history, entry.pictures, entry.pictures_version, entry.watched_until > now};
}

std::map<std::string, KeyFrameRecord> Observatory::Latest() const {
  std::map<std::string, KeyFrameRecord> latest;
  const MutexLock lock(mutex_);
  for (const auto& [id, entry] : sessions_) {
    if (!entry.history.records().empty()) latest[id] = entry.history.records().back();
  }
  return latest;
}

std::vector<Event> Observatory::Events() const {
  const MutexLock lock(mutex_);
  return {events_.rbegin(), events_.rend()};
}

}  // namespace shadowtutor::server
