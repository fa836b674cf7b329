// One call of the service: connects gRPC's callbacks with the server's conversation with that
// client. Internal to rpc/server/.
#ifndef SHADOWTUTOR_RPC_SERVER_STREAM_H_
#define SHADOWTUTOR_RPC_SERVER_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "core/mutex.h"
#include "messages/convert.h"
#include "messages/convert_segment.h"
#include "rpc/hand_over.h"
#include "rpc/status.h"
#include "server/outbox.h"
#include "server/peer.h"
#include "server/stream_registry.h"
#include "wire/protocol.h"

namespace shadowtutor::rpc {

/// gRPC's side of a conversation. Messages come from and go to gRPC as bytes: if gRPC parsed them,
/// bytes that are no message would look like the stream's end. gRPC asks for one read and one write
/// at a time, and exactly one Finish, after the last write.
///
/// `Protocol` names the types: Request and Reply are the Protobuf messages, Conversation is the
/// class that answers them.
///
/// Thread safety: all public functions may be called from any thread.
template <typename Protocol>
class Stream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                     public Protocol::Conversation::Peer,
                     public server::OpenStream {
 public:
  using Clock = std::chrono::steady_clock;
  using Request = typename Protocol::Request;
  using Reply = typename Protocol::Reply;
  using Conversation = typename Protocol::Conversation;
  using Out = typename Conversation::Reply;

  /// `on_done` is called once, when the call is over, and may destroy the stream.
  Stream(std::function<void()> on_done, grpc::CallbackServerContext* context,
         std::chrono::milliseconds write_timeout)
      : on_done_(std::move(on_done)), write_timeout_(write_timeout), context_(context) {}

  // The last owner may be on any thread.
  ~Stream() override { HandOver(); }

  void Begin(std::shared_ptr<Conversation> conversation) {
    conversation_ = std::move(conversation);
    HandOver();
    this->StartRead(&incoming_);
  }

  bool Send(Out message) override {
    const HandOverScope hand_over;
    grpc::ByteBuffer packed = Pack(std::move(message));
    bool open = false;
    {
      const MutexLock lock(mutex_);
      if (outbox_.ended()) return false;
      open = outbox_.Add(std::move(packed));
    }
    Pump();
    return open;
  }

  bool AllSent() override {
    const MutexLock lock(mutex_);
    return !writing_ && outbox_.empty();
  }

  void End(const std::optional<Error>& why) override {
    const HandOverScope hand_over;
    {
      const MutexLock lock(mutex_);
      outbox_.End(why);
    }
    Pump();
  }

  void EndToMove(const Error& why) override {
    const HandOverScope hand_over;
    {
      const MutexLock lock(mutex_);
      outbox_.End(why, /*move=*/true);
    }
    Pump();
  }

  void EndWith(const Error& why) override { End(why); }

  void Move(const Error& why) override {
    const HandOverScope hand_over;
    conversation_->Move(why, Clock::now());
  }

  std::optional<Clock::time_point> SilentSince() const override {
    return conversation_->SilentSince();
  }

  void Tick(Clock::time_point now) override {
    const HandOverScope hand_over;
    conversation_->OnTick(now);
    {
      const MutexLock lock(mutex_);
      if (!(writing_ || finished_) || now < write_deadline_) return;
    }
    // Not guarded by mutex_, because cancelling may call OnCancel, which takes mutex_.
    const MutexLock lock(context_mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }

  void OnReadDone(bool ok) override {
    const HandOverScope hand_over;
    if (!ok) {
      // The client has closed its side of the stream, or is gone.
      conversation_->OnClosed();
      End(std::nullopt);
      return;
    }
    try {
      conversation_->OnMessage(messages::FromProto(Parse(incoming_)), Clock::now());
    } catch (const Error& error) {
      conversation_->OnBadMessage(error);
    } catch (const std::exception& error) {
      conversation_->OnBadMessage(Error(ErrorCode::kInternal, error.what()));
    }
    incoming_.Clear();
    {
      const MutexLock lock(mutex_);
      if (outbox_.ended()) return;
      starting_read_ = true;
    }
    HandOver();
    this->StartRead(&incoming_);
    {
      const MutexLock lock(mutex_);
      starting_read_ = false;
    }
    Pump();  // the end may have come meanwhile
  }

  void OnWriteDone(bool ok) override {
    const HandOverScope hand_over;
    bool all_sent = false;
    {
      const MutexLock lock(mutex_);
      writing_ = false;
      outgoing_.Clear();
      if (!ok) outbox_.Lose();
      all_sent = outbox_.empty() && !outbox_.ended();
    }
    if (all_sent) conversation_->OnAllSent();
    Pump();
  }

  void OnCancel() override {
    const HandOverScope hand_over;
    conversation_->OnClosed();
    {
      const MutexLock lock(mutex_);
      outbox_.Lose();
    }
    Pump();
  }

  void OnDone() override {
    const HandOverScope hand_over;
    {
      const MutexLock lock(context_mutex_);
      context_ = nullptr;
    }
    conversation_->OnClosed();
    const std::function<void()> on_done = std::move(on_done_);  // the call may destroy this stream
    on_done();
  }

 private:
  static grpc::ByteBuffer Pack(Out message) {
    grpc::ByteBuffer packed;
    bool own = false;
    const grpc::Status status = grpc::SerializationTraits<Reply>::Serialize(
        messages::ToProto(std::move(message)), &packed, &own);
    if (!status.ok()) throw Error(ErrorCode::kInternal, status.error_message());
    return packed;
  }

  static Request Parse(grpc::ByteBuffer& bytes) {
    Request message;
    if (!grpc::SerializationTraits<Request>::Deserialize(&bytes, &message).ok()) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the client sent bytes that are no message of this protocol");
    }
    return message;
  }

  static grpc::ByteBuffer PackError(const Error& why, bool move) {
    return Pack(Out(wire::FatalError(why, move)));
  }

  // Starts the next write, or Finish after the last one, unless one is under way already.
  void Pump() ST_EXCLUDES(mutex_) {
    grpc::Status status;
    bool finish = false;
    {
      const MutexLock lock(mutex_);
      if (writing_ || finished_) return;
      if (!outbox_.empty()) {
        outgoing_ = outbox_.Take();
        writing_ = true;
      } else if (outbox_.ended() && !starting_read_) {
        finished_ = finish = true;
        if (outbox_.why()) status = ToStatus(*outbox_.why());
      } else {
        return;
      }
      write_deadline_ = Clock::now() + write_timeout_;
    }
    HandOver();
    if (finish) {
      this->Finish(status);
    } else {
      this->StartWrite(&outgoing_);
    }
  }

  std::function<void()> on_done_;
  const std::chrono::milliseconds write_timeout_;
  std::shared_ptr<Conversation> conversation_;  // set by Begin
  grpc::ByteBuffer incoming_;                   // used by gRPC between StartRead and OnReadDone

  Mutex mutex_;
  server::Outbox<grpc::ByteBuffer> outbox_ ST_GUARDED_BY(mutex_){PackError};
  grpc::ByteBuffer outgoing_;  // used by gRPC between StartWrite and OnWriteDone
  bool writing_ ST_GUARDED_BY(mutex_) = false;
  /// Between the decision to read and StartRead's return. gRPC must not be told to finish
  /// meanwhile: a read that starts after Finish never completes, and then OnDone never comes.
  bool starting_read_ ST_GUARDED_BY(mutex_) = false;
  bool finished_ ST_GUARDED_BY(mutex_) = false;  // Finish was called, after the last write
  Clock::time_point write_deadline_ ST_GUARDED_BY(mutex_);

  Mutex context_mutex_;
  grpc::CallbackServerContext* context_
      ST_GUARDED_BY(context_mutex_);  // null when the call is over
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_STREAM_H_
