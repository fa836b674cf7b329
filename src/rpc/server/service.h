// The gRPC service. It makes a Stream for each call, which connects gRPC's callbacks with the
// server's conversation with that client.
#ifndef SHADOWTUTOR_RPC_SERVER_SERVICE_H_
#define SHADOWTUTOR_RPC_SERVER_SERVICE_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <memory>

#include "rpc/server/device_tokens.h"
#include "server/resources.h"
#include "server/stream_registry.h"
#include "shadowtutor/v1/shadowtutor.grpc.pb.h"

namespace shadowtutor::rpc {

/// Thread safety: gRPC calls it from any thread.
class Service final
    : public v1::ShadowTutor::WithRawCallbackMethod_Tutor<
          v1::ShadowTutor::WithRawCallbackMethod_Segment<v1::ShadowTutor::Service>> {
 public:
  /// `tokens`, if there are some, are those of the clients that may come in. A message that a
  /// client does not take within `write_timeout` ends its stream.
  Service(std::shared_ptr<server::Resources> resources,
          std::shared_ptr<server::StreamRegistry> streams, std::chrono::milliseconds write_timeout,
          std::shared_ptr<DeviceTokens> tokens = nullptr);

  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;
  Reactor* Tutor(grpc::CallbackServerContext* context) override;
  Reactor* Segment(grpc::CallbackServerContext* context) override;

 private:
  template <typename Protocol>
  Reactor* Open(grpc::CallbackServerContext* context);

  const std::shared_ptr<server::Resources> resources_;
  const std::shared_ptr<server::StreamRegistry> streams_;
  const std::chrono::milliseconds write_timeout_;
  const std::shared_ptr<DeviceTokens> tokens_;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_SERVICE_H_
