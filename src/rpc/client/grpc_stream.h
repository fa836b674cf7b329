// The client's side of one call of ShadowTutor's service. Its functions do not block, except
// Finish. gRPC reports events by callbacks on its own threads; this class keeps them as a state
// that one thread can ask for, and converts gRPC's types to structs of wire/. This header does not
// include gRPC's.
#ifndef SHADOWTUTOR_RPC_CLIENT_GRPC_STREAM_H_
#define SHADOWTUTOR_RPC_CLIENT_GRPC_STREAM_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "rpc/client/endpoint.h"
#include "shadowtutor/types.h"
#include "wire/protocol.h"
#include "wire/segment.h"

namespace shadowtutor::rpc {

/// `Out` is what the client sends, `In` what the server sends. There are two instances, TutorStream
/// and SegmentStream.
///
/// Thread safety: one thread.
template <typename Out, typename In>
class GrpcStream {
 public:
  /// Begins to open a new connection and the stream on it. `wake` is called from any thread
  /// whenever the stream's state has changed, but not after Finish.
  GrpcStream(const Endpoint& endpoint, std::chrono::milliseconds connect_timeout,
             std::function<void()> wake);
  /// Cancels the call if Finish was not called.
  ~GrpcStream();
  GrpcStream(const GrpcStream&) = delete;
  GrpcStream& operator=(const GrpcStream&) = delete;

  /// Whether Write may be called: the previous message has been handed on, and the stream has not
  /// ended.
  bool CanWrite() const;
  /// Sends a message; only when CanWrite. Returns its serialized size in bytes.
  size_t Write(Out message);

  struct Incoming {
    In message;
    size_t bytes = 0;  // as serialized
  };
  /// Returns the next message if one has arrived. The one after it is not read before this call, so
  /// gRPC's flow control holds back a server that sends faster than the client takes messages.
  /// Throws Error for a message that a correct server would not send.
  std::optional<Incoming> Take();
  /// Whether the stream has ended and its last message was taken. Finish then returns the reason.
  bool Ended() const;

  /// Ends the call, waits for its end and returns the reason. To be called once. `cancel` cancels a
  /// call that still runs; without it the stream must have Ended(), and the reason is the server's
  /// (kUnavailable if it gave none).
  Error Finish(bool cancel);

 private:
  class Call;
  std::unique_ptr<Call> call_;
};

using TutorStream = GrpcStream<wire::ClientMessage, wire::ServerMessage>;
using SegmentStream = GrpcStream<wire::SegmentRequest, wire::SegmentReply>;

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_GRPC_STREAM_H_
