// What the server's two conversations with a client have in common: who is spoken to, deadlines,
// and how a conversation ends. tutor_conversation.h teaches a client's student,
// segment_conversation.h labels every frame that the client sends.
//
// Nothing here knows a transport: messages come in as calls and go out through a Peer.
#ifndef SHADOWTUTOR_SERVER_CONVERSATION_H_
#define SHADOWTUTOR_SERVER_CONVERSATION_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/mutex.h"
#include "server/peer.h"
#include "server/resources.h"
#include "shadowtutor/types.h"

namespace shadowtutor::server {

/// `Request` is what the client sends, `Reply` what it gets; both are variants of wire's structs.
/// Lives in a std::shared_ptr, which its jobs share.
///
/// Thread safety: all public functions may be called from any thread; messages of one client come
/// one after the other.
template <typename RequestType, typename ReplyType>
class Conversation {
 public:
  using Request = RequestType;
  using Reply = ReplyType;
  using Clock = std::chrono::steady_clock;
  using Peer = PeerOf<Reply>;

  /// `number` tells this conversation's jobs from others'; `id` names it for people. `peer` may go
  /// away before the conversation does.
  Conversation(std::shared_ptr<Resources> resources, std::weak_ptr<Peer> peer, uint64_t number,
               std::string id, Clock::time_point now);
  virtual ~Conversation() = default;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  void OnMessage(Request message, Clock::time_point now) ST_EXCLUDES(mutex_);
  /// Something came that is no message; `error` says why. Ends the conversation.
  void OnBadMessage(const Error& error) ST_EXCLUDES(mutex_);
  /// To be called now and then. Ends the conversation when its client has been silent for too long,
  /// and does not let it wait for a teacher that is overdue.
  void OnTick(Clock::time_point now) ST_EXCLUDES(mutex_);
  /// The stream is no more. What the conversation holds is freed as soon as no job needs it.
  virtual void OnClosed() = 0;

 protected:
  virtual void Handle(Request message, Clock::time_point now) ST_REQUIRES(mutex_) = 0;
  /// Whether the client has said hello.
  virtual bool Greeted() const ST_REQUIRES(mutex_) = 0;
  /// Whether the client waits for the answer to a frame.
  virtual bool FrameOutstanding() const ST_REQUIRES(mutex_) = 0;
  /// The teacher is overdue with a frame of the conversation numbered `owner`, and this client
  /// waits for an answer.
  virtual void OnTeacherOverdue(uint64_t owner, Clock::time_point now) ST_REQUIRES(mutex_) = 0;
  /// Nothing is sent any more.
  virtual void OnEnd() ST_REQUIRES(mutex_) {}

  /// Nothing happens once the conversation has ended.
  void Send(Reply message) ST_REQUIRES(mutex_);
  /// Ends the conversation; the client is told why.
  void End(const Error& why) ST_REQUIRES(mutex_);
  void LogFailure(uint64_t frame_index, const Error& error) const;

  const std::shared_ptr<Resources> resources_;
  const std::weak_ptr<Peer> peer_;
  const uint64_t number_;
  const std::string id_;

  mutable Mutex mutex_;
  bool closed_ ST_GUARDED_BY(mutex_) = false;  // nothing is sent any more
  Clock::time_point last_heard_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_CONVERSATION_H_
