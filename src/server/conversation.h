// What the server's two kinds of conversation with a client have in common: the peer, the deadlines
// and the end. tutor_conversation.h trains a client's student, segment_conversation.h labels every
// frame that the client sends.
//
// A conversation knows no transport: messages come in as calls and go out through a Peer.
#ifndef SHADOWTUTOR_SERVER_CONVERSATION_H_
#define SHADOWTUTOR_SERVER_CONVERSATION_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/mutex.h"
#include "server/device.h"
#include "server/peer.h"
#include "server/resources.h"
#include "shadowtutor/types.h"

namespace shadowtutor::server {

/// `RequestType` holds the client's messages, `ReplyType` the server's; both are variants of
/// structs of wire/. A conversation lives in a std::shared_ptr, of which each of its jobs keeps a
/// copy.
///
/// Thread safety: all public functions may be called from any thread, but OnMessage only for one
/// message at a time.
template <typename RequestType, typename ReplyType>
class Conversation {
 public:
  using Request = RequestType;
  using Reply = ReplyType;
  using Clock = std::chrono::steady_clock;
  using Peer = PeerOf<Reply>;

  /// `number` identifies this conversation's jobs in the schedulers, `id` identifies the
  /// conversation in logs. `peer` may be destroyed before the conversation is. `source` is the
  /// client's address for the log's bounds; where it is empty, they hold for this conversation.
  Conversation(std::shared_ptr<Resources> resources, std::weak_ptr<Peer> peer, uint64_t number,
               std::string id, Clock::time_point now, const std::string& source = {});
  virtual ~Conversation() = default;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// Whose conversation it is, where the server knows its clients by tokens. To be called before
  /// all others, on the thread that made it.
  void UseDevice(std::shared_ptr<Device> device);
  /// Handles the client's next message; ignores it once the conversation has ended.
  void OnMessage(Request message, Clock::time_point now) ST_EXCLUDES(mutex_);
  /// Ends the conversation because the client sent an invalid message; `error` says what is wrong
  /// with it.
  void OnBadMessage(const Error& error) ST_EXCLUDES(mutex_);
  /// Checks the deadlines; to be called regularly. Ends the conversation when its client has been
  /// silent for too long. While the teacher is overdue, a key frame that waits for its label gets
  /// an error instead, and a conversation that has every frame labelled ends.
  void OnTick(Clock::time_point now) ST_EXCLUDES(mutex_);
  /// To be called when all messages to the client have been handed to the network.
  virtual void OnAllSent() {}
  /// When the client was heard last; nullopt while it waits for the answer to a frame.
  std::optional<Clock::time_point> SilentSince() const ST_EXCLUDES(mutex_);
  /// To be called when the stream is over. Frees what the conversation holds as soon as no job uses
  /// it any more.
  virtual void OnClosed() = 0;

 protected:
  virtual void Handle(Request message, Clock::time_point now) ST_REQUIRES(mutex_) = 0;
  /// Whether a hello has been accepted.
  virtual bool Greeted() const ST_REQUIRES(mutex_) = 0;
  /// Whether the client waits for the answer to a frame.
  virtual bool FrameOutstanding() const ST_REQUIRES(mutex_) = 0;
  /// The teacher is overdue with a frame of the conversation numbered `owner`, and this client
  /// waits for an answer.
  virtual void OnTeacherOverdue(uint64_t owner, Clock::time_point now) ST_REQUIRES(mutex_) = 0;
  /// Called at the end of End.
  virtual void OnEnd() ST_REQUIRES(mutex_) {}

  /// Sends a message to the client. Does nothing once the conversation has ended.
  void Send(Reply message) ST_REQUIRES(mutex_);
  /// Ends the conversation and tells the client why.
  void End(const Error& why) ST_REQUIRES(mutex_);
  /// Adds a line about this conversation to the log.
  void Log(const std::string& what, LogLevel level = LogLevel::kInfo) const;
  void LogError(const std::string& what, const Error& error) const;
  /// The same for a frame that is answered with an error.
  void LogFailure(uint64_t frame_index, const Error& error) const;
  /// The client's address; empty if that is unknown, or this machine's.
  std::string client() const { return source_ == id_ ? std::string() : source_; }
  /// The device's name; empty where there is none.
  std::string DeviceName() const;
  /// Counts a frame that has come, and returns why it is not worked on, if so.
  std::optional<Error> OverDeviceLimits(size_t bytes, Clock::time_point now);
  /// Counts what goes to the device for a frame, in the statistics, too.
  void CountSent(size_t bytes);

  const std::shared_ptr<Resources> resources_;
  const std::weak_ptr<Peer> peer_;
  const uint64_t number_;
  const std::string id_;
  const std::string source_;

  mutable Mutex mutex_;
  std::shared_ptr<Device> device_;             // null: none; constant from the first message on
  bool closed_ ST_GUARDED_BY(mutex_) = false;  // nothing is sent any more
  Clock::time_point last_heard_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_CONVERSATION_H_
