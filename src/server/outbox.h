// What waits in a transport's stream for the client to read it, and how the stream ends.
#ifndef SHADOWTUTOR_SERVER_OUTBOX_H_
#define SHADOWTUTOR_SERVER_OUTBOX_H_

#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "shadowtutor/types.h"
#include "wire/limits.h"

namespace shadowtutor::server {

/// `Bytes` is a message as the transport takes it. Thread safety: that of a plain value.
template <typename Bytes>
class Outbox {
 public:
  /// `pack` makes a message of the error that a stream ends with, and of whether the client shall
  /// connect again at once (wire::ErrorMessage::move).
  explicit Outbox(std::function<Bytes(const Error& why, bool move)> pack)
      : pack_(std::move(pack)) {}

  /// Adds a message, unless the stream has ended. Ends it when more than kMaxWaitingMessages wait.
  /// Returns whether it goes on.
  bool Add(Bytes message) {
    if (ended_) return false;
    waiting_.push_back(std::move(message));
    if (waiting_.size() <= wire::kMaxWaitingMessages) return true;
    End(Error(ErrorCode::kResourceExhausted,
              "too many answers wait for the client; read them before sending more"));
    return false;
  }
  /// Ends the stream: drops what waits, and adds `why`, if there is one, as the last message. Only
  /// the first call does something.
  void End(const std::optional<Error>& why, bool move = false) {
    if (ended_) return;
    ended_ = true;
    why_ = why;
    move_ = move;
    waiting_.clear();
    if (why) waiting_.push_back(pack_(*why, move));
  }
  /// The client is gone: drops what waits, and ends the stream unless that has ended.
  void Lose() {
    waiting_.clear();
    if (ended_) return;
    ended_ = true;
    why_ = Error(ErrorCode::kCancelled, "the client is gone");
  }

  bool empty() const { return waiting_.empty(); }
  /// The oldest message. Only when not empty.
  Bytes Take() {
    Bytes message = std::move(waiting_.front());
    waiting_.pop_front();
    return message;
  }
  /// Whether no more messages are added.
  bool ended() const { return ended_; }
  /// Why it has ended; nullopt: without an error, or not yet.
  const std::optional<Error>& why() const { return why_; }
  /// Whether it has ended so that the client connects again at once.
  bool move() const { return move_; }

 private:
  const std::function<Bytes(const Error& why, bool move)> pack_;
  std::deque<Bytes> waiting_;
  bool ended_ = false;
  std::optional<Error> why_;
  bool move_ = false;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_OUTBOX_H_
