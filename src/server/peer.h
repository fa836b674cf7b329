// The interface through which a conversation sends messages to its client.
#ifndef SHADOWTUTOR_SERVER_PEER_H_
#define SHADOWTUTOR_SERVER_PEER_H_

#include <optional>

#include "shadowtutor/types.h"

namespace shadowtutor::server {

/// Sends messages of one type to a client. Thread safety: all functions may be called from any
/// thread, and none blocks.
template <typename Message>
class PeerOf {
 public:
  virtual ~PeerOf() = default;
  /// Returns false when the stream takes no more messages: it has ended, or too many messages wait
  /// for the client to read them.
  virtual bool Send(Message message) = 0;
  /// Whether all messages have been handed to the network. Once they are, the transport calls
  /// Conversation::OnAllSent.
  virtual bool AllSent() = 0;
  /// Ends the stream. `why`, if there is one, is the last message that the client gets.
  virtual void End(const std::optional<Error>& why) = 0;
  /// The same for a client that shall connect again at once (wire::ErrorMessage::move).
  virtual void EndToMove(const Error& why) = 0;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_PEER_H_
