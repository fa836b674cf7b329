// One call of the service: between gRPC's callbacks and the server's conversation with that client.
// Internal to rpc/server/.
#ifndef SHADOWTUTOR_RPC_SERVER_STREAM_H_
#define SHADOWTUTOR_RPC_SERVER_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "core/mutex.h"
#include "rpc/convert.h"
#include "rpc/convert_segment.h"
#include "rpc/errors.h"
#include "rpc/hand_over.h"
#include "server/peer.h"
#include "server/stream_registry.h"
#include "wire/limits.h"
#include "wire/protocol.h"

namespace shadowtutor::rpc {

/// Messages that wait for the client to take them. An update follows a whole student at most, and
/// segmentation has at most as many frames outstanding, so only a client that never reads comes
/// here.
inline constexpr size_t kMaxWaitingMessages = 8;
static_assert(wire::kMaxSegmentInFlight <= static_cast<int>(kMaxWaitingMessages));

/// gRPC's side of a conversation: one read and one write at a time, and exactly one Finish, after
/// the last write.
///
/// `Protocol` names the types: Request and Reply, the messages as they travel, and Conversation,
/// who answers them.
template <typename Protocol>
class Stream final
    : public grpc::ServerBidiReactor<typename Protocol::Request, typename Protocol::Reply>,
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

  // Whoever lets go last may be on any thread.
  ~Stream() override { HandOver(); }

  void Begin(std::shared_ptr<Conversation> conversation) {
    conversation_ = std::move(conversation);
    HandOver();
    this->StartRead(&incoming_);
  }

  bool Send(Out message) override {
    const HandOverScope hand_over;
    Reply packed = ToProto(std::move(message));
    bool open = false;
    {
      const MutexLock lock(mutex_);
      if (ending_) return false;
      waiting_.push_back(std::move(packed));
      if (waiting_.size() > kMaxWaitingMessages) {
        EndLocked(Error(ErrorCode::kResourceExhausted,
                        "too many answers wait for the client; read them before sending more"));
      }
      open = !ending_;
    }
    Pump();
    return open;
  }

  void End(const std::optional<Error>& why) override {
    const HandOverScope hand_over;
    {
      const MutexLock lock(mutex_);
      EndLocked(why);
    }
    Pump();
  }

  void EndWith(const Error& why) override { End(why); }

  void Tick(Clock::time_point now) override {
    const HandOverScope hand_over;
    conversation_->OnTick(now);
    {
      const MutexLock lock(mutex_);
      if (!(writing_ || finished_) || now < write_deadline_) return;
    }
    // A mutex of its own: cancelling may call back, and then takes the other one.
    const MutexLock lock(context_mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }

  void OnReadDone(bool ok) override {
    const HandOverScope hand_over;
    if (!ok) {
      // The client has said all that it had to say, or is gone.
      conversation_->OnClosed();
      End(std::nullopt);
      return;
    }
    try {
      conversation_->OnMessage(FromProto(std::move(incoming_)), Clock::now());
    } catch (const Error& error) {
      conversation_->OnBadMessage(error);
    } catch (const std::exception& error) {
      conversation_->OnBadMessage(Error(ErrorCode::kInternal, error.what()));
    }
    Request().Swap(&incoming_);
    {
      const MutexLock lock(mutex_);
      if (ending_) return;
    }
    HandOver();
    this->StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    const HandOverScope hand_over;
    {
      const MutexLock lock(mutex_);
      writing_ = false;
      Reply().Swap(&outgoing_);
      if (!ok) LostLocked();
    }
    Pump();
  }

  void OnCancel() override {
    const HandOverScope hand_over;
    conversation_->OnClosed();
    {
      const MutexLock lock(mutex_);
      LostLocked();
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
    const std::function<void()> on_done = std::move(on_done_);  // outlives this stream
    on_done();
  }

 private:
  void EndLocked(const std::optional<Error>& why) ST_REQUIRES(mutex_) {
    if (ending_) return;
    ending_ = true;
    waiting_.clear();
    if (!why) return;
    status_ = ToStatus(*why);
    waiting_.push_back(ToProto(Out(wire::ErrorMessage{why->code(), why->what(), true, {}})));
  }

  void LostLocked() ST_REQUIRES(mutex_) {
    waiting_.clear();
    if (ending_) return;
    ending_ = true;
    status_ = grpc::Status(grpc::StatusCode::CANCELLED, "the client is gone");
  }

  // Starts the next write, or the end, if nothing is on its way.
  void Pump() ST_EXCLUDES(mutex_) {
    grpc::Status status;
    bool finish = false;
    {
      const MutexLock lock(mutex_);
      if (writing_ || finished_) return;
      if (!waiting_.empty()) {
        outgoing_.Swap(&waiting_.front());
        waiting_.pop_front();
        writing_ = true;
      } else if (ending_) {
        finished_ = finish = true;
        status = status_;
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
  std::shared_ptr<Conversation> conversation_;  // from Begin on
  Request incoming_;                            // gRPC's between StartRead and OnReadDone

  Mutex mutex_;
  std::deque<Reply> waiting_ ST_GUARDED_BY(mutex_);
  Reply outgoing_;  // gRPC's between StartWrite and OnWriteDone
  bool writing_ ST_GUARDED_BY(mutex_) = false;
  bool ending_ ST_GUARDED_BY(mutex_) = false;    // no more messages; Finish follows the last write
  bool finished_ ST_GUARDED_BY(mutex_) = false;  // Finish was called
  grpc::Status status_ ST_GUARDED_BY(mutex_);
  Clock::time_point write_deadline_ ST_GUARDED_BY(mutex_);

  Mutex context_mutex_;
  grpc::CallbackServerContext* context_
      ST_GUARDED_BY(context_mutex_);  // null when the call is over
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_STREAM_H_
