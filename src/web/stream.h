// A client's stream over a WebSocket: between the server's conversation with the client, which any
// thread may call, and the connection, which reads and writes on its own strand (connection.h).
#ifndef SHADOWTUTOR_WEB_STREAM_H_
#define SHADOWTUTOR_WEB_STREAM_H_

#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/mutex.h"
#include "rpc/convert.h"
#include "rpc/convert_segment.h"
#include "rpc/errors.h"
#include "server/peer.h"
#include "server/stream_registry.h"
#include "shadowtutor/types.h"
#include "wire/limits.h"
#include "wire/protocol.h"

namespace shadowtutor::web {

/// What a stream needs of its connection. Both may be called from any thread, return at once, and
/// do nothing once the connection is gone.
struct Wire {
  std::function<void()> wake;  // there may be something to write
  std::function<void()> cut;   // closes the socket
};

/// What a connection sees of its stream.
class Stream : public server::OpenStream {
 public:
  using Clock = std::chrono::steady_clock;

  /// A message of the client.
  virtual void Receive(std::string_view bytes) = 0;
  /// The client has closed the WebSocket, or is gone.
  virtual void Closed() = 0;
  /// The next message to write; nullopt: none now. Written must follow each.
  virtual std::optional<std::string> TakeNext() = 0;
  virtual void Written() = 0;
  /// Why the WebSocket is to be closed, once all is written; nullopt: it is not. kCancelled stands
  /// for an end without an error.
  virtual std::optional<ErrorCode> Ended() = 0;
};

/// `Protocol` names the Protobuf messages Request and Reply, and the Conversation that answers
/// them.
///
/// Thread safety: all functions may be called from any thread.
template <typename Protocol>
class StreamOf final : public Stream, public Protocol::Conversation::Peer {
 public:
  using Conversation = typename Protocol::Conversation;
  using Out = typename Conversation::Reply;

  StreamOf(Wire wire, std::chrono::milliseconds write_timeout)
      : wire_(std::move(wire)), write_timeout_(write_timeout) {}

  /// To be called once, before all others.
  void Begin(std::shared_ptr<Conversation> conversation) {
    conversation_ = std::move(conversation);
  }

  bool Send(Out message) override {
    std::string packed = Pack(std::move(message));
    bool open = false;
    {
      const MutexLock lock(mutex_);
      if (ended_) return false;
      waiting_.push_back(std::move(packed));
      if (waiting_.size() > wire::kMaxWaitingMessages) {
        EndLocked(Error(ErrorCode::kResourceExhausted,
                        "too many answers wait for the client; read them before sending more"));
      }
      open = !ended_;
    }
    wire_.wake();
    return open;
  }

  bool AllSent() override {
    const MutexLock lock(mutex_);
    return !writing_ && waiting_.empty();
  }

  void End(const std::optional<Error>& why) override {
    {
      const MutexLock lock(mutex_);
      EndLocked(why);
    }
    wire_.wake();
  }

  void EndWith(const Error& why) override { End(why); }

  std::optional<Clock::time_point> SilentSince() const override {
    return conversation_->SilentSince();
  }

  void Tick(Clock::time_point now) override {
    conversation_->OnTick(now);
    {
      const MutexLock lock(mutex_);
      if (!writing_ || now < write_deadline_) return;
    }
    wire_.cut();
  }

  void Receive(std::string_view bytes) override {
    try {
      typename Protocol::Request message;
      if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        throw Error(ErrorCode::kInvalidArgument,
                    "the client sent bytes that are no message of this protocol");
      }
      conversation_->OnMessage(rpc::FromProto(std::move(message)), Clock::now());
    } catch (const Error& error) {
      conversation_->OnBadMessage(error);
    } catch (const std::exception& error) {
      conversation_->OnBadMessage(Error(ErrorCode::kInternal, error.what()));
    }
  }

  void Closed() override {
    {
      const MutexLock lock(mutex_);
      waiting_.clear();
      if (!ended_) ended_ = ErrorCode::kCancelled;
    }
    conversation_->OnClosed();
  }

  std::optional<std::string> TakeNext() override {
    const MutexLock lock(mutex_);
    if (writing_ || waiting_.empty()) return std::nullopt;
    std::string next = std::move(waiting_.front());
    waiting_.pop_front();
    writing_ = true;
    write_deadline_ = Clock::now() + write_timeout_;
    return next;
  }

  void Written() override {
    bool all = false;
    {
      const MutexLock lock(mutex_);
      writing_ = false;
      all = waiting_.empty() && !ended_;
    }
    if (all) conversation_->OnAllSent();
  }

  std::optional<ErrorCode> Ended() override {
    const MutexLock lock(mutex_);
    return writing_ || !waiting_.empty() ? std::nullopt : ended_;
  }

 private:
  static std::string Pack(Out message) {
    return rpc::ToProto(std::move(message)).SerializeAsString();
  }

  void EndLocked(const std::optional<Error>& why) ST_REQUIRES(mutex_) {
    if (ended_) return;
    ended_ = why ? why->code() : ErrorCode::kCancelled;
    waiting_.clear();
    if (why) waiting_.push_back(Pack(Out(wire::ErrorMessage{why->code(), why->what(), true, {}})));
  }

  const Wire wire_;
  const std::chrono::milliseconds write_timeout_;
  std::shared_ptr<Conversation> conversation_;  // set by Begin

  Mutex mutex_;
  std::deque<std::string> waiting_ ST_GUARDED_BY(mutex_);
  bool writing_ ST_GUARDED_BY(mutex_) = false;
  /// No more messages but those that wait.
  std::optional<ErrorCode> ended_ ST_GUARDED_BY(mutex_);
  Clock::time_point write_deadline_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_STREAM_H_
