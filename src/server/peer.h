// The other end of a conversation, as whoever converses sees it.
#ifndef SHADOWTUTOR_SERVER_PEER_H_
#define SHADOWTUTOR_SERVER_PEER_H_

#include <optional>

#include "shadowtutor/types.h"

namespace shadowtutor::server {

/// Takes messages of one kind. Both functions return at once and may be called from any thread.
template <typename Message>
class PeerOf {
 public:
  virtual ~PeerOf() = default;
  /// False: nothing is sent any more, because of End or because the client takes nothing.
  virtual bool Send(Message message) = 0;
  /// Tells the client (unless there is nothing to tell) and closes.
  virtual void End(const std::optional<Error>& why) = 0;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_PEER_H_
