// What people see who watch a server: each session's history, what was refused and what failed, and
// the pictures of the sessions that somebody is looking at.
//
// All of it is bounded. A session has its last SessionHistory::kMost key frames, 31 kB. At most
// kMostWatched sessions have pictures, of their last key frame, 885 kB each; they are made only
// while somebody asks for them, and dropped soon after. There are kMostEvents events, 800 bytes
// each. With 16 sessions that is 8 MB, with 256 it is 16 MB.
#ifndef SHADOWTUTOR_SERVER_OBSERVATORY_H_
#define SHADOWTUTOR_SERVER_OBSERVATORY_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "distill/key_frame_schedule.h"
#include "server/session_history.h"
#include "server/watched_frame.h"
#include "shadowtutor/types.h"
#include "wire/messages.h"

namespace shadowtutor::server {

/// Something that went wrong for a client. The same thing over and over is one event.
struct Event {
  enum class Kind {
    kRefused,  // a client got no session
    kEnded,    // a session was ended, because of what its client did or did not do
    kFailed,   // a frame was answered with an error
    kServer,   // of the server itself
  };
  Kind kind = Kind::kServer;
  ErrorCode code = ErrorCode::kInternal;
  std::string client = {};   // its address; empty: unknown
  std::string session = {};  // empty: none
  std::string sentence = {};
  std::chrono::system_clock::time_point at = {};  // the last time
  uint64_t times = 1;
};

/// "refused", "ended", "failed", "server".
const char* NameOf(Event::Kind kind);

/// Thread safety: all functions may be called from any thread.
class Observatory {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr size_t kMostEvents = 200;
  static constexpr size_t kMostSentenceBytes = 400;  // longer ones are cut
  /// Sessions that are watched at a time; who comes later sees no pictures.
  static constexpr size_t kMostWatched = 8;
  /// A session is watched until so long after Watch.
  static constexpr std::chrono::seconds kWatchedFor{15};

  explicit Observatory(Clock::time_point start = Clock::now()) : start_(start) {}

  void Opened(const std::string& id, const distill::ScheduleOptions& schedule) ST_EXCLUDES(mutex_);
  void Ended(const std::string& id) ST_EXCLUDES(mutex_);
  void Answered(const std::string& id, const wire::Update& update, const KeyFrameWaits& waits,
                Clock::time_point now) ST_EXCLUDES(mutex_);
  void PartSent(const std::string& id, const wire::Update& update) ST_EXCLUDES(mutex_);

  /// `event.at` and `event.times` are set here.
  void Note(Event event) ST_EXCLUDES(mutex_);

  /// Somebody looks at a session: from its next key frame on it has pictures. False when there is
  /// no such session, or when too many are watched.
  bool Watch(const std::string& id, Clock::time_point now) ST_EXCLUDES(mutex_);
  /// Whether pictures are wanted. Conversations ask before they make some.
  bool Watched(const std::string& id, Clock::time_point now) const ST_EXCLUDES(mutex_);
  /// The pictures of a session's last key frame. Dropped if it is not watched.
  void Show(const std::string& id, WatchedFrame frame, Clock::time_point now) ST_EXCLUDES(mutex_);
  /// Training went on with that frame: what the student says of it now, shrunk.
  void ShowAfter(const std::string& id, uint64_t frame_index, LabelMap after) ST_EXCLUDES(mutex_);
  /// Drops pictures that nobody looks at any more. To be called regularly.
  void Tick(Clock::time_point now) ST_EXCLUDES(mutex_);

  /// A session as it is now.
  struct View {
    SessionHistory history;
    std::shared_ptr<const WatchedFrame> pictures;  // null: none yet
    uint64_t pictures_version = 0;                 // changes with the pictures
    bool watched = false;
  };
  std::optional<View> Find(const std::string& id, Clock::time_point now) const ST_EXCLUDES(mutex_);
  /// Of every open session its last key frame, if there was one.
  std::map<std::string, KeyFrameRecord> Latest() const ST_EXCLUDES(mutex_);
  /// The latest first.
  std::vector<Event> Events() const ST_EXCLUDES(mutex_);

 private:
  struct Entry {
    explicit Entry(const distill::ScheduleOptions& schedule) : history(schedule) {}
    SessionHistory history;
    std::optional<Clock::time_point> watched_until;
    std::shared_ptr<const WatchedFrame> pictures;
    uint64_t pictures_version = 0;
  };

  const Clock::time_point start_;
  mutable Mutex mutex_;
  std::map<std::string, Entry> sessions_ ST_GUARDED_BY(mutex_);
  std::deque<Event> events_ ST_GUARDED_BY(mutex_);  // oldest first
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_OBSERVATORY_H_
