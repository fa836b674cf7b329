#include "rpc/client/grpc_stream.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_callback.h>

#include <string>
#include <utility>

#include "core/mutex.h"
#include "core/untrusted_text.h"
#include "messages/convert.h"
#include "messages/convert_segment.h"
#include "rpc/address.h"
#include "rpc/client/proxy.h"
#include "rpc/status.h"
#include "shadowtutor/v1/shadowtutor.grpc.pb.h"
#include "wire/limits.h"

namespace shadowtutor::rpc {

namespace {

std::shared_ptr<grpc::Channel> OpenChannel(const Endpoint& endpoint,
                                           std::chrono::milliseconds connect_timeout) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(wire::kMaxMessageBytes));
  arguments.SetMaxSendMessageSize(static_cast<int>(wire::kMaxMessageBytes));
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, static_cast<int>(wire::kMaxMetadataBytes));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(wire::kKeepAliveTime.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   static_cast<int>(wire::kKeepAliveTimeout.count()));
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit
  // The link itself pauses between attempts, so gRPC must make only one attempt, on a new
  // connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(connect_timeout.count()));
  const std::string& target = endpoint.via.empty() ? endpoint.address : endpoint.via;
  if (!ProxyFor(target)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const bool encrypted = endpoint.use_tls || endpoint.tls.any();
  if (!endpoint.via.empty() && encrypted) {
    // Certificates have names without ports.
    const ServerAddress server = ParseServerAddress(endpoint.address, AddressUse::kConnect);
    arguments.SetSslTargetNameOverride(server.is_unix() ? "localhost" : server.host);
  }
  return grpc::CreateCustomChannel(target, MakeChannelCredentials(endpoint.tls, endpoint.use_tls),
                                   arguments);
}

// How long the status of a stream may take that has ended.
constexpr std::chrono::seconds kEndTimeout{2};

// The two calls of the service.
struct Tutoring {
  using Request = v1::ClientMessage;
  using Reply = v1::ServerMessage;
  static void Start(v1::ShadowTutor::Stub& stub, grpc::ClientContext& context,
                    grpc::ClientBidiReactor<Request, Reply>& reactor) {
    stub.async()->Tutor(&context, &reactor);
  }
};

struct Segmenting {
  using Request = v1::SegmentRequest;
  using Reply = v1::SegmentReply;
  static void Start(v1::ShadowTutor::Stub& stub, grpc::ClientContext& context,
                    grpc::ClientBidiReactor<Request, Reply>& reactor) {
    stub.async()->Segment(&context, &reactor);
  }
};

template <typename Out>
struct CallOf;
template <>
struct CallOf<wire::ClientMessage> : Tutoring {};
template <>
struct CallOf<wire::SegmentRequest> : Segmenting {};

}  // namespace

template <typename Out, typename In>
class GrpcStream<Out, In>::Call final
    : public grpc::ClientBidiReactor<typename CallOf<Out>::Request, typename CallOf<Out>::Reply> {
 public:
  using Request = typename CallOf<Out>::Request;
  using Reply = typename CallOf<Out>::Reply;

  Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& token,
       std::function<void()> wake)
      : stub_(channel), wake_(std::move(wake)) {
    if (!token.empty()) context_.AddMetadata("authorization", "Bearer " + token);
    CallOf<Out>::Start(stub_, context_, *this);
    // Reads and writes are started from outside gRPC's callbacks, so the call must not end between
    // them.
    this->AddHold();
    this->StartRead(&incoming_);
    this->StartCall();
  }

  bool CanWrite() const {
    const MutexLock lock(state_->mutex);
    return !state_->writing && !state_->ended;
  }

  void Write(Request message) {
    {
      const MutexLock lock(state_->mutex);
      if (state_->ended) return;
      state_->writing = true;
    }
    outgoing_ = std::move(message);
    this->StartWrite(&outgoing_);
  }

  std::optional<Reply> Take() {
    {
      const MutexLock lock(state_->mutex);
      if (!state_->read) return std::nullopt;
      state_->read = false;
    }
    Reply message = std::move(incoming_);
    incoming_.Clear();
    this->StartRead(&incoming_);
    return message;
  }

  bool Ended() const {
    const MutexLock lock(state_->mutex);
    return state_->ended && !state_->read;
  }

  grpc::Status Finish(bool cancel) {
    if (cancel) context_.TryCancel();
    this->RemoveHold();
    {
      const MutexLock lock(state_->mutex);
      const auto done = [this]() ST_REQUIRES(state_->mutex) { return state_->done; };
      // When a stream has ended, OnDone comes without anything more from the server.
      if (state_->changed.WaitFor(state_->mutex, kEndTimeout, done)) return state_->status;
    }
    // It has not ended: gRPC reports bytes that are no message as the end of what can be read.
    context_.TryCancel();
    const MutexLock lock(state_->mutex);
    state_->changed.Wait(state_->mutex,
                         [this]() ST_REQUIRES(state_->mutex) { return state_->done; });
    return cancel ? state_->status
                  : grpc::Status(grpc::StatusCode::DATA_LOSS,
                                 "it sent bytes that are no message of this protocol");
  }

 private:
  // Shared with OnDone, because Finish may go on and destroy the call before OnDone has returned.
  struct State {
    Mutex mutex;
    CondVar changed;
    bool writing ST_GUARDED_BY(mutex) = false;
    bool read ST_GUARDED_BY(mutex) = false;   // `incoming_` is complete
    bool ended ST_GUARDED_BY(mutex) = false;  // no more reads or writes
    bool done ST_GUARDED_BY(mutex) = false;
    grpc::Status status ST_GUARDED_BY(mutex);
  };

  void OnReadDone(bool ok) override {
    {
      const MutexLock lock(state_->mutex);
      (ok ? state_->read : state_->ended) = true;
    }
    wake_();
  }

  void OnWriteDone(bool ok) override {
    {
      // After a failed write no other one may follow. The read will fail next and end the stream.
      const MutexLock lock(state_->mutex);
      state_->writing = !ok;
    }
    wake_();
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<State> state = state_;
    const MutexLock lock(state->mutex);
    state->status = status;
    state->done = true;
    state->changed.NotifyAll();
  }

  v1::ShadowTutor::Stub stub_;
  const std::function<void()> wake_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  grpc::ClientContext context_;
  Request outgoing_;
  Reply incoming_;
};

template <typename Out, typename In>
GrpcStream<Out, In>::GrpcStream(const Endpoint& endpoint, std::chrono::milliseconds connect_timeout,
                                std::function<void()> wake)
    : call_(std::make_unique<Call>(OpenChannel(endpoint, connect_timeout), endpoint.token,
                                   std::move(wake))) {}

template <typename Out, typename In>
GrpcStream<Out, In>::~GrpcStream() {
  if (call_) Finish(true);
}

template <typename Out, typename In>
bool GrpcStream<Out, In>::CanWrite() const {
  return call_->CanWrite();
}

template <typename Out, typename In>
size_t GrpcStream<Out, In>::Write(Out message) {
  auto proto = messages::ToProto(std::move(message));
  const size_t bytes = proto.ByteSizeLong();
  call_->Write(std::move(proto));
  return bytes;
}

template <typename Out, typename In>
auto GrpcStream<Out, In>::Take() -> std::optional<Incoming> {
  auto proto = call_->Take();
  if (!proto) return std::nullopt;
  const size_t bytes = proto->ByteSizeLong();
  return Incoming{messages::FromProto(std::move(*proto)), bytes};
}

template <typename Out, typename In>
bool GrpcStream<Out, In>::Ended() const {
  return call_->Ended();
}

template <typename Out, typename In>
Error GrpcStream<Out, In>::Finish(bool cancel) {
  const grpc::Status status = call_->Finish(cancel);
  call_.reset();
  if (status.ok()) return Error(ErrorCode::kUnavailable, "the server ended the session");
  return Error(FromStatusCode(status.error_code()),
               Showable(status.error_message(), wire::kMaxSentenceBytes));
}

template class GrpcStream<wire::ClientMessage, wire::ServerMessage>;
template class GrpcStream<wire::SegmentRequest, wire::SegmentReply>;

}  // namespace shadowtutor::rpc
