#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>

#include "bare_client.h"
#include "rpc/status.h"
#include "shadowtutor/v1/shadowtutor.grpc.pb.h"

namespace shadowtutor {
namespace {

class BareGrpcClient final : public BareClient {
 public:
  BareGrpcClient(const std::string& address, const std::string& token)
      : stub_(v1::ShadowTutor::NewStub(Channel(address))) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    if (!token.empty()) context_.AddMetadata("authorization", "Bearer " + token);
    stream_ = stub_->Tutor(&context_);
  }
  ~BareGrpcClient() override {
    if (!stream_) return;
    context_.TryCancel();
    stream_->Finish();
  }

  bool SayBare(const v1::ClientMessage& message) override { return stream_->Write(message); }
  bool HearBare(v1::ServerMessage& message) override { return stream_->Read(&message); }
  void WritesDone() override { stream_->WritesDone(); }
  void Cancel() override { context_.TryCancel(); }
  Ending Finish() override {
    v1::ServerMessage rest;
    while (stream_->Read(&rest)) {
    }
    const grpc::Status status = stream_->Finish();
    stream_.reset();
    return {status.ok(), rpc::FromStatusCode(status.error_code()), status.error_message()};
  }

 private:
  // A connection of its own: a channel per client, none shared in the process.
  static std::shared_ptr<grpc::Channel> Channel(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(-1);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }
  const std::unique_ptr<v1::ShadowTutor::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ClientMessage, v1::ServerMessage>> stream_;
};

}  // namespace

std::unique_ptr<BareClient> BareClientOverGrpc(const std::string& address,
                                               const std::string& token) {
  return std::make_unique<BareGrpcClient>(address, token);
}

}  // namespace shadowtutor
