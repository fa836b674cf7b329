// One call of ShadowTutor.Tutor from the client's side, as a few operations that never block but
// Finish. gRPC calls back from its own threads; this turns that into states that one thread can
// look at.
#ifndef SHADOWTUTOR_RPC_GRPC_STREAM_H_
#define SHADOWTUTOR_RPC_GRPC_STREAM_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>
#include <grpcpp/support/status.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "shadowtutor/v1/shadowtutor.grpc.pb.h"

namespace shadowtutor::rpc {

/// Thread safety: one thread, but for the callbacks, which are gRPC's.
class GrpcStream final : private grpc::ClientBidiReactor<v1::ClientMessage, v1::ServerMessage> {
 public:
  /// Opens the stream. `wake` is called from any thread whenever something changed; not after
  /// Finish.
  GrpcStream(v1::ShadowTutor::Stub& stub, std::function<void()> wake);
  /// Cancels the call if Finish was not called.
  ~GrpcStream() override;
  GrpcStream(const GrpcStream&) = delete;
  GrpcStream& operator=(const GrpcStream&) = delete;

  /// Whether the message before is on its way, so that there is room for the next.
  bool CanWrite() const;
  /// Only when CanWrite.
  void Write(v1::ClientMessage message);
  /// The next message if one has arrived. The one after it is not read before this is called, so
  /// gRPC's flow control holds back a server that sends faster than we take.
  std::optional<v1::ServerMessage> Take();
  /// The stream has ended; Finish says why.
  bool Ended() const;

  /// Ends the call and waits for that. With `cancel` at once and for good; without, a server that
  /// has ended the stream already is asked for its status. Once.
  grpc::Status Finish(bool cancel);

 private:
  // Outlives the stream in OnDone, whose last act is to let Finish go on.
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool writing = false;
    bool read = false;   // `incoming` is complete
    bool ended = false;  // no more reads or writes
    bool done = false;
    grpc::Status status;
  };

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  const std::function<void()> wake_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  grpc::ClientContext context_;
  v1::ClientMessage outgoing_;
  v1::ServerMessage incoming_;
  bool finished_ = false;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_GRPC_STREAM_H_
