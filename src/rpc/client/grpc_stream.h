// One call of ShadowTutor's service from the client's side, as a few operations that never block
// but Finish. gRPC calls back from its own threads; this turns that into states that one thread can
// look at, and gRPC's types into ours. gRPC's headers stay out of this one.
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

/// `Out` goes to the server, `In` comes from it. There are two, TutorStream and SegmentStream.
///
/// Thread safety: one thread.
template <typename Out, typename In>
class GrpcStream {
 public:
  /// Opens a connection of its own and the stream on it. `wake` is called from any thread whenever
  /// something changed; not after Finish.
  GrpcStream(const Endpoint& endpoint, std::chrono::milliseconds connect_timeout,
             std::function<void()> wake);
  /// Cancels the call if Finish was not called.
  ~GrpcStream();
  GrpcStream(const GrpcStream&) = delete;
  GrpcStream& operator=(const GrpcStream&) = delete;

  /// Whether the message before is on its way, so that there is room for the next.
  bool CanWrite() const;
  /// Only when CanWrite. Returns the message's size in bytes as serialized.
  size_t Write(Out message);

  struct Incoming {
    In message;
    size_t bytes = 0;  // as serialized
  };
  /// The next message if one has arrived. The one after it is not read before this is called, so
  /// gRPC's flow control holds back a server that sends faster than we take. Throws Error for a
  /// message that a sound server would not send.
  std::optional<Incoming> Take();
  /// The stream has ended and its last message was taken; Finish says why.
  bool Ended() const;

  /// Ends the call and waits for that. With `cancel` at once; without, which is for a stream that
  /// has ended, the server's reason is returned (kUnavailable where it gave none). Once.
  Error Finish(bool cancel);

 private:
  class Call;
  std::unique_ptr<Call> call_;
};

using TutorStream = GrpcStream<wire::ClientMessage, wire::ServerMessage>;
using SegmentStream = GrpcStream<wire::SegmentRequest, wire::SegmentReply>;

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_GRPC_STREAM_H_
