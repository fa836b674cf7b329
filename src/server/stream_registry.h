// The streams that a server has open, whatever transport carries them. The registry bounds their
// number, has them check their deadlines, and ends them.
#ifndef SHADOWTUTOR_SERVER_STREAM_REGISTRY_H_
#define SHADOWTUTOR_SERVER_STREAM_REGISTRY_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/allowance.h"
#include "core/mutex.h"
#include "server/device.h"
#include "server/resources.h"
#include "shadowtutor/types.h"
#include "wire/limits.h"

namespace shadowtutor::server {

/// Where a stream comes from.
struct StreamOrigin {
  std::string address;     // of the client, without a port; empty when it is unknown
  std::string connection;  // tells the client's connections apart; empty when that is unknown
  /// Whether the client, or a proxy of many clients, runs on this machine.
  bool local = false;
  std::shared_ptr<Device> device = {};  // null: clients need no token here
};

/// How many streams there may be.
struct StreamBounds {
  int in_all = wire::kDefaultMaxSessions;
  int per_connection = wire::kMaxSessionsPerConnection;
  int per_address = 0;  // 0: three quarters of those in all, and as many as that for local ones
  Rate openings_per_address = {wire::kSessionOpenings, wire::kSessionOpeningEvery};
  /// When there is no more room, a stream whose client has been silent for this long is ended.
  std::chrono::milliseconds yield_timeout = wire::kYieldTimeout;
};

/// A transport's stream with one client. Thread safety: any thread.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  /// Checks the stream's deadlines.
  virtual void Tick(std::chrono::steady_clock::time_point now) = 0;
  /// When the client was heard last; nullopt while it waits for an answer.
  virtual std::optional<std::chrono::steady_clock::time_point> SilentSince() const {
    return std::nullopt;
  }
  /// Tells the client why, and ends the stream.
  virtual void EndWith(const Error& why) = 0;
};

/// Thread safety: all functions may be called from any thread.
class StreamRegistry {
 public:
  StreamRegistry(std::shared_ptr<Resources> resources, const StreamBounds& bounds);

  /// Makes a stream for a new client and keeps it until Remove. `make` gets the stream's number and
  /// an id for logs; it must not call the registry. When there is no room, even after a silent
  /// stream was ended, or after EndAll, the reason is returned and `make` is not called.
  using MakeStream =
      std::function<std::shared_ptr<OpenStream>(uint64_t number, const std::string& id)>;
  std::optional<Error> Open(const MakeStream& make, const StreamOrigin& origin = {});
  struct Refusal {
    Error why;
    RefusalReason reason;
  };
  /// Counts and notes that a client from `origin` gets no session. Returns the reason for it.
  Error Refuse(const Refusal& refusal, const StreamOrigin& origin);
  /// Removes a stream that is over. Unknown numbers are ignored.
  void Remove(uint64_t number);
  /// Has all streams check their deadlines.
  void Tick(std::chrono::steady_clock::time_point now);
  /// Ends all open streams and opens no more; the reason for both is `why`.
  void EndAll(const Error& why);
  /// Waits until all streams are removed. Returns false when some are left at the deadline.
  bool WaitUntilEmpty(std::chrono::steady_clock::time_point deadline);
  /// Whether streams were removed since this function was called last.
  bool TakeRemoved();
  const StreamBounds& bounds() const { return bounds_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    std::shared_ptr<OpenStream> stream;
    StreamOrigin origin;
    bool yielding = false;  // told to end, and not counted any more
  };

  std::optional<Refusal> TryOpen(const MakeStream& make, const StreamOrigin& origin,
                                 Clock::time_point now) ST_EXCLUDES(mutex_);
  std::optional<Refusal> CheckBounds(const StreamOrigin& origin, Clock::time_point now)
      ST_REQUIRES(mutex_);
  int Count(const std::function<bool(const Entry& entry)>& which) const ST_REQUIRES(mutex_);
  bool EndSilent(Clock::time_point now) ST_EXCLUDES(mutex_);

  const std::shared_ptr<Resources> resources_;
  const StreamBounds bounds_;
  const std::string id_prefix_;  // makes session ids of different servers differ

  Mutex mutex_;
  CondVar empty_;
  std::map<uint64_t, Entry> streams_ ST_GUARDED_BY(mutex_);
  /// By address; those that are full are dropped.
  std::map<std::string, Allowance> openings_ ST_GUARDED_BY(mutex_);
  bool removed_ ST_GUARDED_BY(mutex_) = false;
  uint64_t next_number_ ST_GUARDED_BY(mutex_) = 1;
  std::optional<Error> ended_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_STREAM_REGISTRY_H_
