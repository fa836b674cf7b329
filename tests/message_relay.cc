#include "message_relay.h"

#include <grpcpp/create_channel.h>

#include <thread>

namespace shadowtutor::tests {

MessageRelay::MessageRelay(const std::string& address)
    : stub_(v1::ShadowTutor::NewStub(
          grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))) {}

template <typename Request, typename Reply>
void MessageRelay::Relay(grpc::ServerContext& context,
                         grpc::ServerReaderWriter<Reply, Request>& client,
                         grpc::ClientContext& call,
                         grpc::ClientReaderWriter<Request, Reply>& server) {
  std::thread down([&] {
    Reply message;
    while (server.Read(&message)) {
      Pass(message);
      if (!client.Write(message)) break;
    }
    context.TryCancel();  // ends the loop below
  });
  Request message;
  while (client.Read(&message)) {
    Pass(message);
    if (!server.Write(message)) break;
  }
  call.TryCancel();
  down.join();
  server.Finish();
}

grpc::Status MessageRelay::Tutor(grpc::ServerContext* context, TutorStream* client) {
  grpc::ClientContext call;
  Relay(*context, *client, call, *stub_->Tutor(&call));
  return grpc::Status::OK;
}

grpc::Status MessageRelay::Segment(grpc::ServerContext* context, SegmentStream* client) {
  grpc::ClientContext call;
  Relay(*context, *client, call, *stub_->Segment(&call));
  return grpc::Status::OK;
}

}  // namespace shadowtutor::tests
