// The connections of a web server, to be cut off at its end. Internal to web/.
#ifndef SHADOWTUTOR_WEB_OPEN_CONNECTIONS_H_
#define SHADOWTUTOR_WEB_OPEN_CONNECTIONS_H_

#include <memory>
#include <utility>
#include <vector>

#include "core/mutex.h"

namespace shadowtutor::web {

/// A connection keeps itself alive until it is over. Thread safety: any thread.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Closes it without another word. Does not wait.
  virtual void Cut() = 0;
};

/// Thread safety: any thread.
class OpenConnections {
 public:
  /// Remembers a connection until it is over. After CutAll it is cut off at once.
  void Add(const std::shared_ptr<Connection>& connection) {
    {
      const MutexLock lock(mutex_);
      std::erase_if(open_, [](const auto& other) { return other.expired(); });
      if (!cut_) return open_.push_back(connection);
    }
    connection->Cut();
  }
  void CutAll() {
    std::vector<std::weak_ptr<Connection>> open;
    {
      const MutexLock lock(mutex_);
      cut_ = true;
      open.swap(open_);
    }
    for (const auto& weak : open) {
      if (const auto connection = weak.lock()) connection->Cut();
    }
  }

 private:
  Mutex mutex_;
  std::vector<std::weak_ptr<Connection>> open_ ST_GUARDED_BY(mutex_);
  bool cut_ ST_GUARDED_BY(mutex_) = false;
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_OPEN_CONNECTIONS_H_
