// The gRPC service: a Stream for each call, between gRPC's callbacks and the server's conversation
// with that client.
#ifndef SHADOWTUTOR_RPC_SERVER_SERVICE_H_
#define SHADOWTUTOR_RPC_SERVER_SERVICE_H_

#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <memory>

#include "server/resources.h"
#include "server/stream_registry.h"
#include "shadowtutor/v1/shadowtutor.grpc.pb.h"

namespace shadowtutor::rpc {

/// Thread safety: gRPC calls it from any thread.
class Service final : public v1::ShadowTutor::CallbackService {
 public:
  /// A message that a client does not take within `write_timeout` ends its stream.
  Service(std::shared_ptr<server::Resources> resources,
          std::shared_ptr<server::StreamRegistry> streams, std::chrono::milliseconds write_timeout);

  grpc::ServerBidiReactor<v1::ClientMessage, v1::ServerMessage>* Tutor(
      grpc::CallbackServerContext* context) override;
  grpc::ServerBidiReactor<v1::SegmentRequest, v1::SegmentReply>* Segment(
      grpc::CallbackServerContext* context) override;

 private:
  template <typename Protocol>
  grpc::ServerBidiReactor<typename Protocol::Request, typename Protocol::Reply>* Open(
      grpc::CallbackServerContext* context);

  const std::shared_ptr<server::Resources> resources_;
  const std::shared_ptr<server::StreamRegistry> streams_;
  const std::chrono::milliseconds write_timeout_;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_SERVICE_H_
