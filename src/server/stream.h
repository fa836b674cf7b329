// gRPC's side of a call. Internal to server/; like service.h it knows gRPC, and it is included by
// service.cc alone.
#ifndef SHADOWTUTOR_SERVER_STREAM_H_
#define SHADOWTUTOR_SERVER_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "rpc/convert.h"
#include "rpc/convert_offload.h"
#include "rpc/errors.h"
#include "rpc/hand_over.h"
#include "rpc/limits.h"
#include "server/peer.h"
#include "server/service.h"
#include "wire/protocol.h"

namespace shadowtutor::server {

/// Messages that wait for the client to take them. An update follows a whole student at most, and
/// offloading has at most as many frames outstanding, so only a client that never reads comes here.
inline constexpr size_t kMaxWaitingMessages = 8;
static_assert(rpc::kMaxOffloadInFlight <= static_cast<int>(kMaxWaitingMessages));

/// gRPC's side of a conversation: one read and one write at a time, and exactly one Finish, after
/// the last write.
///
/// `Protocol` names the types: Request and Reply as they travel, Out as a plain struct, and
/// Talk, whose functions are those of Conversation.
template <typename Protocol>
class Stream final
    : public grpc::ServerBidiReactor<typename Protocol::Request, typename Protocol::Reply>,
      public PeerOf<typename Protocol::Out>,
      public OpenStream {
 public:
  using Clock = std::chrono::steady_clock;
  using Request = typename Protocol::Request;
  using Reply = typename Protocol::Reply;
  using Out = typename Protocol::Out;

  /// `on_done` is called once, when the call is over, and may destroy the stream.
  Stream(std::function<void()> on_done, grpc::CallbackServerContext* context,
         std::chrono::milliseconds write_timeout)
      : on_done_(std::move(on_done)), write_timeout_(write_timeout), context_(context) {}

  // Whoever lets go last may be on any thread.
  ~Stream() override { rpc::HandOver(); }

  void Begin(std::shared_ptr<typename Protocol::Talk> conversation) {
    conversation_ = std::move(conversation);
    rpc::HandOver();
    this->StartRead(&incoming_);
  }

  bool Send(Out message) override {
    const rpc::HandOverScope hand_over;
    Reply packed = rpc::ToProto(std::move(message));
    bool open = false;
    {
      std::lock_guard lock(mutex_);
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
    const rpc::HandOverScope hand_over;
    {
      std::lock_guard lock(mutex_);
      EndLocked(why);
    }
    Pump();
  }

  void EndWith(const Error& why) override { End(why); }

  void Tick(Clock::time_point now) override {
    const rpc::HandOverScope hand_over;
    conversation_->OnTick(now);
    {
      std::lock_guard lock(mutex_);
      if (!(writing_ || finished_) || now < write_deadline_) return;
    }
    // A mutex of its own: cancelling may call back, and then takes the other one.
    std::lock_guard lock(context_mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }

  void OnReadDone(bool ok) override {
    const rpc::HandOverScope hand_over;
    if (!ok) {
      // The client has said all that it had to say, or is gone.
      conversation_->OnClosed();
      End(std::nullopt);
      return;
    }
    try {
      conversation_->OnMessage(rpc::FromProto(std::move(incoming_)), Clock::now());
    } catch (const Error& error) {
      conversation_->OnBadMessage(error);
    } catch (const std::exception& error) {
      conversation_->OnBadMessage(Error(ErrorCode::kInternal, error.what()));
    }
    Request().Swap(&incoming_);
    {
      std::lock_guard lock(mutex_);
      if (ending_) return;
    }
    rpc::HandOver();
    this->StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    const rpc::HandOverScope hand_over;
    {
      std::lock_guard lock(mutex_);
      writing_ = false;
      Reply().Swap(&outgoing_);
      if (!ok) LostLocked();
    }
    Pump();
  }

  void OnCancel() override {
    const rpc::HandOverScope hand_over;
    conversation_->OnClosed();
    {
      std::lock_guard lock(mutex_);
      LostLocked();
    }
    Pump();
  }

  void OnDone() override {
    const rpc::HandOverScope hand_over;
    {
      std::lock_guard lock(context_mutex_);
      context_ = nullptr;
    }
    conversation_->OnClosed();
    const std::function<void()> on_done = std::move(on_done_);  // outlives this stream
    on_done();
  }

 private:
  void EndLocked(const std::optional<Error>& why) {
    if (ending_) return;
    ending_ = true;
    waiting_.clear();
    if (!why) return;
    status_ = rpc::ToStatus(*why);
    waiting_.push_back(rpc::ToProto(Out(wire::ErrorMessage{why->code(), why->what(), true, {}})));
  }

  void LostLocked() {
    waiting_.clear();
    if (ending_) return;
    ending_ = true;
    status_ = grpc::Status(grpc::StatusCode::CANCELLED, "the client is gone");
  }

  // Starts the next write, or the end, if nothing is on its way.
  void Pump() {
    grpc::Status status;
    bool finish = false;
    {
      std::lock_guard lock(mutex_);
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
    rpc::HandOver();
    if (finish) {
      this->Finish(status);
    } else {
      this->StartWrite(&outgoing_);
    }
  }

  std::function<void()> on_done_;
  const std::chrono::milliseconds write_timeout_;
  std::shared_ptr<typename Protocol::Talk> conversation_;  // from Begin on
  Request incoming_;  // gRPC's between StartRead and OnReadDone

  std::mutex mutex_;
  std::deque<Reply> waiting_;
  Reply outgoing_;  // gRPC's between StartWrite and OnWriteDone
  bool writing_ = false;
  bool ending_ = false;    // no more messages; Finish follows the last write
  bool finished_ = false;  // Finish was called
  grpc::Status status_;
  Clock::time_point write_deadline_;

  std::mutex context_mutex_;
  grpc::CallbackServerContext* context_;  // null when the call is over
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_STREAM_H_
