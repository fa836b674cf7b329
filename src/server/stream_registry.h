// The streams that a server has open, whatever transport carries them: who may still come in, their
// deadlines, and their end.
#ifndef SHADOWTUTOR_SERVER_STREAM_REGISTRY_H_
#define SHADOWTUTOR_SERVER_STREAM_REGISTRY_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/mutex.h"
#include "server/resources.h"
#include "shadowtutor/types.h"

namespace shadowtutor::server {

/// A transport's stream with one client. Thread safety: any thread.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  /// Looks at its deadlines.
  virtual void Tick(std::chrono::steady_clock::time_point now) = 0;
  /// Tells the client why, and ends.
  virtual void EndWith(const Error& why) = 0;
};

/// Thread safety: all functions may be called from any thread.
class StreamRegistry {
 public:
  /// At most `max_sessions` streams at a time.
  StreamRegistry(std::shared_ptr<Resources> resources, int max_sessions);

  /// Makes a stream for a client that came in, and keeps it until Remove. `make` gets the stream's
  /// number and an id for people; it must not call the registry. Returns why there is no room,
  /// without a call of `make` then.
  using MakeStream =
      std::function<std::shared_ptr<OpenStream>(uint64_t number, const std::string& id)>;
  std::optional<Error> Open(const MakeStream& make);
  /// The stream is over. Unknown numbers are ignored.
  void Remove(uint64_t number);
  /// Lets all streams look at their deadlines.
  void Tick(std::chrono::steady_clock::time_point now);
  /// Opens no more, and ends those that are open.
  void EndAll(const Error& why);
  /// False: some are still there at the deadline.
  bool WaitUntilEmpty(std::chrono::steady_clock::time_point deadline);

 private:
  const std::shared_ptr<Resources> resources_;
  const int max_sessions_;
  const std::string id_prefix_;  // makes session ids of different servers differ

  Mutex mutex_;
  CondVar empty_;
  std::map<uint64_t, std::shared_ptr<OpenStream>> streams_ ST_GUARDED_BY(mutex_);
  uint64_t next_number_ ST_GUARDED_BY(mutex_) = 1;
  std::optional<Error> ended_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_STREAM_REGISTRY_H_
