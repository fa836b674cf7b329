// A client's stream over a WebSocket: between the server's conversation with the client, which any
// thread may call, and the connection, which reads and writes on its own strand (connection.h).
#ifndef SHADOWTUTOR_WEB_STREAM_H_
#define SHADOWTUTOR_WEB_STREAM_H_

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/mutex.h"
#include "messages/convert.h"
#include "messages/convert_segment.h"
#include "server/outbox.h"
#include "server/peer.h"
#include "server/stream_registry.h"
#include "shadowtutor/types.h"
#include "wire/protocol.h"

namespace shadowtutor::web {

/// What a stream needs of its connection. Both may be called from any thread, return at once, and
/// do nothing once the connection is gone.
struct SocketHooks {
  std::function<void()> wake;  // there may be something to write
  std::function<void()> cut;   // closes the socket
};

/// How a stream ends.
struct Closing {
  ErrorCode code = ErrorCode::kCancelled;  // kCancelled: without an error
  bool move = false;                       // the client shall connect again at once
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
  /// Whether nothing follows what waits to be written.
  virtual bool Ending() = 0;
  /// How the WebSocket is to be closed, once all is written; nullopt: it is not.
  virtual std::optional<Closing> Ended() = 0;
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

  StreamOf(SocketHooks hooks, std::chrono::milliseconds write_timeout)
      : hooks_(std::move(hooks)), write_timeout_(write_timeout) {}

  /// To be called once, before all others.
  void Begin(std::shared_ptr<Conversation> conversation) {
    conversation_ = std::move(conversation);
  }

  bool Send(Out message) override {
    std::string packed = Pack(std::move(message));
    bool open = false;
    {
      const MutexLock lock(mutex_);
      open = outbox_.Add(std::move(packed));
    }
    hooks_.wake();
    return open;
  }

  bool AllSent() override {
    const MutexLock lock(mutex_);
    return !writing_ && outbox_.empty();
  }

  void End(const std::optional<Error>& why) override {
    {
      const MutexLock lock(mutex_);
      outbox_.End(why);
    }
    hooks_.wake();
  }

  void EndToMove(const Error& why) override {
    {
      const MutexLock lock(mutex_);
      outbox_.End(why, /*move=*/true);
    }
    hooks_.wake();
  }

  void EndWith(const Error& why) override { End(why); }

  void Move(const Error& why) override { conversation_->Move(why, Clock::now()); }

  std::optional<Clock::time_point> SilentSince() const override {
    return conversation_->SilentSince();
  }

  void Tick(Clock::time_point now) override {
    conversation_->OnTick(now);
    {
      const MutexLock lock(mutex_);
      if (!writing_ || now < write_deadline_) return;
    }
    hooks_.cut();
  }

  void Receive(std::string_view bytes) override {
    try {
      typename Protocol::Request message;
      if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        throw Error(ErrorCode::kInvalidArgument,
                    "the client sent bytes that are no message of this protocol");
      }
      conversation_->OnMessage(messages::FromProto(std::move(message)), Clock::now());
    } catch (const Error& error) {
      conversation_->OnBadMessage(error);
    } catch (const std::exception& error) {
      conversation_->OnBadMessage(Error(ErrorCode::kInternal, error.what()));
    }
  }

  void Closed() override {
    {
      const MutexLock lock(mutex_);
      outbox_.Lose();
    }
    conversation_->OnClosed();
  }

  std::optional<std::string> TakeNext() override {
    const MutexLock lock(mutex_);
    if (writing_ || outbox_.empty()) return std::nullopt;
    writing_ = true;
    write_deadline_ = Clock::now() + write_timeout_;
    return outbox_.Take();
  }

  void Written() override {
    bool all = false;
    {
      const MutexLock lock(mutex_);
      writing_ = false;
      all = outbox_.empty() && !outbox_.ended();
    }
    if (all) conversation_->OnAllSent();
  }

  bool Ending() override {
    const MutexLock lock(mutex_);
    return outbox_.ended();
  }

  std::optional<Closing> Ended() override {
    const MutexLock lock(mutex_);
    if (writing_ || !outbox_.empty() || !outbox_.ended()) return std::nullopt;
    return Closing{outbox_.why() ? outbox_.why()->code() : ErrorCode::kCancelled, outbox_.move()};
  }

 private:
  static std::string Pack(Out message) {
    return messages::ToProto(std::move(message)).SerializeAsString();
  }

  static std::string PackError(const Error& why, bool move) {
    return Pack(Out(wire::FatalError(why, move)));
  }

  const SocketHooks hooks_;
  const std::chrono::milliseconds write_timeout_;
  std::shared_ptr<Conversation> conversation_;  // set by Begin

  Mutex mutex_;
  server::Outbox<std::string> outbox_ ST_GUARDED_BY(mutex_){PackError};
  bool writing_ ST_GUARDED_BY(mutex_) = false;
  Clock::time_point write_deadline_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_STREAM_H_
